'use strict';

const assert = require('node:assert/strict');
const { mkdtemp, readFile, rm, writeFile } = require('node:fs/promises');
const os = require('node:os');
const path = require('node:path');
const { after, test } = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');
const { MockServerError, open } = require('ai-video-mockserver');
const { sandboxForEachTest } = require('ai-video-mockserver/node-test');

const VIDEO = 'https://example.com/hike.mp4';
const mockserver = sandboxForEachTest();
const server = open();
after(async () => (await server).stop());

/** Send a request as a client of VideoToPrompt does. */
async function submit({ url = mockserver.url('videotoprompt'), key = mockserver.key('videotoprompt'), video = VIDEO } = {}) {
  const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
  return fetch(`${url}/analyze/url`, { method: 'POST', headers, body: JSON.stringify({ url: video }) });
}

async function directory(t) {
  const made = await mkdtemp(path.join(os.tmpdir(), 'mockserver-'));
  t.after(() => rm(made, { recursive: true }));
  return made;
}

test('each test has a sandbox, whose name is the same in every run', async (t) => {
  assert.match(mockserver.name, /^t[0-9a-f]{12}/);
  assert.equal(mockserver.url('videotoprompt'), `${(await server).url}/~${mockserver.name}/videotoprompt/v1`);
  assert.equal(mockserver.url('videotoprompt', '/oauth/token'), `${(await server).url}/~${mockserver.name}/videotoprompt/oauth/token`);
  assert.equal(mockserver.key('descrideo'), `nxt_sbx-${mockserver.name}`);
  assert.equal(mockserver.key('descrideo', 'free'), `nxt_free-sbx-${mockserver.name}`);
  assert.deepEqual(Object.keys(mockserver.env('nanophoto')), ['NANOPHOTO_BASE_URL', 'NANOPHOTO_API_KEY']);
  assert.equal(Object.keys(mockserver.env()).length, 10);
});

test('the key alone selects the sandbox', async () => {
  assert.equal((await submit({ url: `${(await server).url}/videotoprompt/v1` })).status, 202);
  assert.equal((await mockserver.requests('videotoprompt.analyze_url')).length, 1);
});

test('a provider that does not exist is an error with the names of those that do', () => {
  assert.throws(() => mockserver.url('sora'), /there is no provider "sora"; one of: videotoprompt, /);
});

test('the clock moves', async () => {
  await mockserver.clock.mode('manual');
  const before = await mockserver.clock.now();
  const { id } = await (await submit()).json();
  await mockserver.clock.advance('1s');
  assert.equal((await mockserver.clock.now()) - before, 1000);
  assert.ok((await mockserver.clock.next()).events >= 0);
  await mockserver.clock.until(id);
  assert.equal((await mockserver.jobs.get(id)).status, 'succeeded');
  await mockserver.clock.mode('scaled', 60);
  assert.deepEqual([(await mockserver.clock.read()).mode, (await mockserver.clock.read()).speed], ['scaled', 60]);
});

test('a refusal of the control API is an error that says what would be right', async () => {
  await assert.rejects(mockserver.fault('videotoprompt.analyse_url', 'rate_limited'), (error) => {
    assert.ok(error instanceof MockServerError);
    assert.match(error.message, /analyze_url/);
    assert.ok(error.status >= 400 && error.status < 500);
    return true;
  });
  await assert.rejects(mockserver.clock.advance('soon'), /advance/);
  await assert.rejects(mockserver.use('toure'), /tour/);
});

test('an armed fault hits the requests of its key', async () => {
  await mockserver.fault('videotoprompt.*', 'overloaded', { times: 2, key: mockserver.key('videotoprompt', 'pro') });
  assert.equal((await mockserver.faults()).length, 1);
  assert.equal((await submit()).status, 202);
  assert.equal((await submit({ key: mockserver.key('videotoprompt', 'pro') })).status, 503);
  await mockserver.reset('faults');
  assert.deepEqual(await mockserver.faults(), []);
});

test('an account is changed', async () => {
  const account = mockserver.account('dumplingai');
  assert.equal((await account.change({ credits: 3 })).credits, 3);
  assert.equal((await account.read()).credits, 3);
});

test('a scenario is used by name, from a file or as an object', async (t) => {
  const file = path.join(await directory(t), 'busy.yaml');
  await writeFile(file, 'scenario: busy\nextends: default\nrules:\n  - {name: no, operation: "*", fault: {kind: overloaded}}\n');
  assert.equal((await mockserver.use(file)).scenario, 'busy');
  assert.equal((await submit()).status, 503);
  await mockserver.use({ scenario: 'mine', extends: 'default' });
  assert.equal((await submit()).status, 202);
  const own = await (await server).sandbox({ scenario: file, clock: 'manual' });
  t.after(() => own.delete());
  assert.equal((await submit({ url: own.url('videotoprompt'), key: own.key('videotoprompt') })).status, 503);
  await writeFile(file, 'scenario: busy\nextendz: default\n');
  const count = async () => (await (await server)._connection.call('GET', '/_mock/sandboxes')).sandboxes.length;
  const before = await count();
  await assert.rejects((await server).sandbox({ scenario: file }), /extends/);
  assert.equal(await count(), before);
});

test('a sandbox whose name is taken gets a number', async (t) => {
  const other = await (await server).sandbox({ name: mockserver.name });
  t.after(() => other.delete());
  assert.equal(other.name, `${mockserver.name}-2`);
});

test('a delivery that does not come is an error with a hint', async () => {
  await assert.rejects(mockserver.deliveries.wait({ event: 'analysis.completed', timeout: '10ms' }), /no delivery of analysis.completed has ended after 10ms/);
});

test('the verdict on the client', async (t) => {
  await mockserver.fault('videotoprompt.analyze_url', { kind: 'rate_limited', retry_after: '9s' });
  await submit();
  // So soon after each other on two connections, the server could not tell that they were sent one after the other.
  await sleep(20);
  await submit();
  await assert.rejects(mockserver.judge(), /retry_after_ignored: .*\n {2}instead: /);
  assert.ok((await mockserver.verdict()).observed);
  const { findings } = await mockserver.judge({ allow: ['retry_after_ignored', 'abandoned_paid_job'], failOn: 'error' });
  assert.deepEqual(findings.filter((each) => each.rule === 'retry_after_ignored'), []);
  await assert.rejects(mockserver.judge({ failOn: 'fatal' }), TypeError);
  assert.ok((await mockserver.coverage()).providers.length > 0);
});

test('a bundle is saved', async (t) => {
  await submit();
  const file = await mockserver.bundle(path.join(await directory(t), 'deep', 'red.mock.zip'));
  assert.equal((await readFile(file)).subarray(0, 2).toString(), 'PK');
});
