// Read the scenes of a video with DumplingAI, as JSON. Needs Node 20 or later and no packages:
//
//   DUMPLINGAI_API_KEY=any-key mockserver exec -- node node_fetch.mjs https://example.com/hike.mp4
//
// The provider's own host is in the code, as in most programs. `mockserver exec` redirects it to a sandbox.

const ENDPOINT = 'https://app.dumplingai.com/api/v1/extract-video';
const PROMPT = 'List the scenes of this video, and what is said in each.';
const TIMEOUT = Number(process.env.TIMEOUT_MS ?? 120_000);
const PAUSE = Number(process.env.PAUSE_MS ?? 1_000);
const TRIES = 4;

class Failed extends Error {}

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Send one request, and return the response and its JSON. Throws Failed if the request may have been charged. */
async function send(key, video) {
  try {
    const response = await fetch(ENDPOINT, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${key}` },
      body: JSON.stringify({ inputMethod: 'url', video, prompt: PROMPT, jsonMode: true }),
      signal: AbortSignal.timeout(TIMEOUT),
    });
    return [response, await response.json()];
  } catch (error) {
    // Extractions cost credits, so a request that may have been processed is not sent again.
    if (error.name === 'TimeoutError') throw new Failed(`no answer within ${TIMEOUT} ms`);
    throw new Failed(`the answer was lost: ${error.cause?.code ?? error.message}`);
  }
}

/** Return the extraction of a video. Retries errors that are temporary and not charged. */
async function extract(key, video) {
  for (let attempt = 1; ; attempt += 1) {
    const [response, body] = await send(key, video);
    if (response.ok) return body;
    const temporary = response.status === 429 || response.status >= 500;
    if (!temporary || attempt === TRIES) throw new Failed(`${response.status}: ${body.error}`);
    const wait = response.headers.get('retry-after');
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
  const extraction = await extract(key, video);
  console.log(JSON.stringify(parsed(extraction.results), null, 2));
  console.error(`${extraction.videoDuration} s of video for ${extraction.creditUsage} credits`);
} catch (error) {
  if (!(error instanceof Failed)) throw error;
  console.error(`nothing was extracted: ${error.message}`);
  process.exitCode = 1;
}
