// Reads scenes, people and words out of a video with DumplingAI, as JSON. No packages, Node 20 or later:
//
//   DUMPLINGAI_API_KEY=any-key mockserver exec -- node node_fetch.mjs https://example.com/hike.mp4
//
// The provider's own host is written in, as it is in most programs: `mockserver exec` leads it to a sandbox.

const ENDPOINT = 'https://app.dumplingai.com/api/v1/extract-video';
const PROMPT = 'List the scenes of this video, and what is said in each.';
const PATIENCE = Number(process.env.PATIENCE_MS ?? 120_000);
const PAUSE = Number(process.env.PAUSE_MS ?? 1_000);
const TRIES = 4;

class Failed extends Error {}

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** One request: its reply and the JSON in it. Raises Failed where nobody can say whether it has been paid for. */
async function ask(key, video) {
  try {
    const reply = await fetch(ENDPOINT, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${key}` },
      body: JSON.stringify({ inputMethod: 'url', video, prompt: PROMPT, jsonMode: true }),
      signal: AbortSignal.timeout(PATIENCE),
    });
    return [reply, await reply.json()];
  } catch (error) {
    // Every second of video costs: what may have been done is not asked for again.
    if (error.name === 'TimeoutError') throw new Failed(`no answer within ${PATIENCE} ms`);
    throw new Failed(`the answer was lost: ${error.cause?.code ?? error.message}`);
  }
}

/** What is in the video. Asks again where it was told to, and was not charged. */
async function extract(key, video) {
  for (let attempt = 1; ; attempt += 1) {
    const [reply, told] = await ask(key, video);
    if (reply.ok) return told;
    const again = reply.status === 429 || reply.status >= 500;
    if (!again || attempt === TRIES) throw new Failed(`${reply.status}: ${told.error}`);
    const wait = reply.headers.get('retry-after');
    await sleep(wait === null ? PAUSE * 2 ** (attempt - 1) : Number(wait) * 1_000);
  }
}

function parsed(results) {
  try {
    return JSON.parse(results);
  } catch {
    throw new Failed('the model did not answer with JSON');
  }
}

const [key, video] = [process.env.DUMPLINGAI_API_KEY, process.argv[2]];
if (!key || !video) {
  console.error('usage: DUMPLINGAI_API_KEY=… node node_fetch.mjs VIDEO');
  process.exit(2);
}
try {
  const found = await extract(key, video);
  console.log(JSON.stringify(parsed(found.results), null, 2));
  console.error(`${found.videoDuration} s of video for ${found.creditUsage} credits`);
} catch (error) {
  if (!(error instanceof Failed)) throw error;
  console.error(`nothing was extracted: ${error.message}`);
  process.exitCode = 1;
}
