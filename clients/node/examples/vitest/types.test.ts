import { expect } from 'vitest';
import type { Sandbox } from 'ai-video-mockserver';
import { test } from 'ai-video-mockserver/vitest';

/** Submits a video, as the application does. Returns the status of the reply. */
async function submit(sandbox: Sandbox): Promise<number> {
  const headers = { Authorization: `Bearer ${sandbox.key('videotoprompt')}`, 'Content-Type': 'application/json' };
  const body = JSON.stringify({ url: 'https://example.com/hike.mp4' });
  return (await fetch(`${sandbox.url('videotoprompt')}/analyze/url`, { method: 'POST', headers, body })).status;
}

test('the sandbox, its jobs and the verdict have types', async ({ mockserver }) => {
  await mockserver.fault('videotoprompt.*', 'rate_limited');
  expect([await submit(mockserver), await submit(mockserver)]).toEqual([429, 202]);
  await mockserver.clock.advance('15s');
  expect((await mockserver.jobs.list()).map((job) => job.status)).toEqual(['succeeded']);
  expect((await mockserver.verdict()).findings.map((finding) => finding.rule)).toEqual(['retry_after_ignored']);
  // @ts-expect-error: a misspelt provider is an error of the compiler, too.
  expect(() => mockserver.url('videotopromt')).toThrow('there is no provider');
});
