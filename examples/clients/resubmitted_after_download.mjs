// Generate a video with PromptToVideo (Node, fetch). The mistake: if the download fails, the video is generated again.
//
// The file is still there, so that a second download would be enough. A second video costs credits again.

const BASE = process.env.PROMPTTOVIDEO_BASE_URL;
const HEADERS = { Authorization: `Bearer ${process.env.PROMPTTOVIDEO_API_KEY}` };
const EVERY = Number(process.env.EVERY ?? 5) * 1_000;

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

async function generate(prompt) {
  const response = await fetch(`${BASE}/api/v1/generate`, {
    method: 'POST',
    headers: { ...HEADERS, 'Content-Type': 'application/json' },
    body: JSON.stringify({ prompt }),
  });
  if (!response.ok) throw new Error(`the prompt was refused: ${response.status}`);
  const { video_id: video } = await response.json();
  for (let poll = 0; poll < 100; poll += 1) {
    const status = await (await fetch(`${BASE}/api/v1/video/${video}/status`, { headers: HEADERS })).json();
    if (status.status === 'completed') return status.video_url;
    if (status.status === 'failed') throw new Error('the video failed');
    await sleep(EVERY);
  }
  throw new Error('no video in time');
}

for (let attempt = 1; attempt <= 3; attempt += 1) {
  const url = await generate(process.argv[2]);
  try {
    const file = await fetch(url);
    if (!file.ok) throw new Error(`the download was answered ${file.status}`);
    console.log((await file.arrayBuffer()).byteLength);
    break;
  } catch (error) {
    console.error(`again: ${error.message}`);
  }
}
