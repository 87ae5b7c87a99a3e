import { expect } from 'vitest';
import { test } from 'ai-video-mockserver/vitest';
import { Analyzer } from '../analyzer.mjs';

const VIDEO = 'https://example.com/hike.mp4';

test('a prompt is returned', async ({ mockserver }) => {
  const app = new Analyzer({ url: mockserver.url('videotoprompt'), key: mockserver.key('videotoprompt') });
  expect((await app.prompt(VIDEO)).length).toBeGreaterThan(20);
  expect(await mockserver.requests('videotoprompt.analyze_url')).toHaveLength(1);
});

test('a submission that is throttled is sent again', async ({ mockserver }) => {
  const app = new Analyzer({ url: mockserver.url('videotoprompt'), key: mockserver.key('videotoprompt') });
  await mockserver.fault('videotoprompt.analyze_url', { kind: 'rate_limited', retry_after: '0s' });
  await app.prompt(VIDEO);
  const requests = await mockserver.requests('videotoprompt.analyze_url');
  expect(requests.map((each) => each.status)).toEqual([429, 202]);
});

const onBadDay = test.extend({ mockserverOptions: { scenario: 'videotoprompt-outage' } });

onBadDay('an outage is an error', async ({ mockserver }) => {
  const app = new Analyzer({ url: mockserver.url('videotoprompt'), key: mockserver.key('videotoprompt') });
  await expect(app.prompt(VIDEO)).rejects.toThrow('refused with 503');
});
