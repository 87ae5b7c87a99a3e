import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { sandboxForEachTest } from 'ai-video-mockserver/node-test';
import { Analyzer } from '../analyzer.mjs';

const mockserver = sandboxForEachTest();
const VIDEO = 'https://example.com/hike.mp4';

function analyzer(kind) {
  return new Analyzer({ url: mockserver.url('videotoprompt'), key: mockserver.key('videotoprompt', kind) });
}

test('a prompt is returned', async () => {
  const prompt = await analyzer().prompt(VIDEO);
  assert.ok(prompt.length > 20);
  assert.equal((await mockserver.requests('videotoprompt.analyze_url')).length, 1);
});

test('a submission that is throttled is sent again', async () => {
  await mockserver.fault('videotoprompt.analyze_url', { kind: 'rate_limited', retry_after: '0s' });
  await analyzer().prompt(VIDEO);
  const statuses = (await mockserver.requests('videotoprompt.analyze_url')).map((request) => request.status);
  assert.deepEqual(statuses, [429, 202]);
});

test('a failed analysis is an error', async () => {
  await mockserver.clock.mode('manual');
  const id = await analyzer().submit(VIDEO);
  await mockserver.jobs.change(id, { status: 'failed', error: 'the video is private' });
  assert.equal((await mockserver.jobs.get(id)).status, 'failed');
});

test('a webhook is received', async () => {
  const bodies = [];
  const receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => (body += part));
    request.on('end', () => {
      bodies.push(JSON.parse(body));
      response.end();
    });
  });
  await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  try {
    const url = `http://127.0.0.1:${receiver.address().port}/hook`;
    await mockserver.account('videotoprompt', mockserver.key('videotoprompt', 'enterprise')).change({ webhook: { url, secret: 'whsec_1' } });
    await analyzer('enterprise').prompt(VIDEO);
    const delivery = await mockserver.deliveries.wait({ event: 'analysis.completed' });
    assert.equal(delivery.outcome, 'delivered');
    assert.equal(bodies.at(-1).event, 'analysis.completed');
  } finally {
    receiver.close();
  }
});
