const { sandboxForEachTest } = require('ai-video-mockserver/jest');

const mockserver = sandboxForEachTest();

/** The application: it submits a video, and polls until the analysis has ended. */
async function analyze(url, key, video) {
  const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
  const reply = await fetch(`${url}/analyze/url`, { method: 'POST', headers, body: JSON.stringify({ url: video }) });
  if (!reply.ok) throw new Error(`refused with ${reply.status}`);
  const { id } = await reply.json();
  for (;;) {
    const analysis = await (await fetch(`${url}/analyze/${id}`, { headers })).json();
    if (['completed', 'failed'].includes(analysis.status)) return analysis;
  }
}

const run = (video = 'https://example.com/hike.mp4') =>
  analyze(mockserver.url('videotoprompt'), mockserver.key('videotoprompt'), video);

test('an analysis completes', async () => {
  expect((await run()).status).toBe('completed');
  expect((await mockserver.jobs.list())[0].status).toBe('succeeded');
});

test('a failed analysis says why', async () => {
  expect(await run('https://example.com/mock-fail.mp4')).toMatchObject({ status: 'failed' });
});

test('a refusal is an error', async () => {
  await mockserver.fault('videotoprompt.*', 'overloaded');
  await expect(run()).rejects.toThrow('refused with 503');
});
