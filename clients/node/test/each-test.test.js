'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { mkdtempSync, readdirSync, rmSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const { after, test } = require('node:test');
const { open } = require('ai-video-mockserver');
const { sandboxForEachTest } = require('ai-video-mockserver/node-test');

const outside = sandboxForEachTest();
const named = outside;
const server = open();
after(async () => (await server).stop());

test('the sandbox is there in a test', () => {
  assert.equal(named.keys.nanophoto, `sbx-${named.name}`);
});

/** Run a test file in a process of its own, with the server of this one. */
async function run(t, text, environment = {}) {
  const folder = mkdtempSync(path.join(__dirname, 'run-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(path.join(folder, 'a.test.js'), text);
  const { url, token } = await server;
  const env = { ...process.env, MOCKSERVER_URL: url, MOCKSERVER_TOKEN: token, ...environment };
  delete env.NODE_TEST_CONTEXT;
  const result = spawnSync(process.execPath, ['--test', path.join(folder, 'a.test.js')], { env, cwd: folder, encoding: 'utf8' });
  return { folder, ...result };
}

test('a sandbox is only there while a test runs', async (t) => {
  const text = `
    const mockserver = require('ai-video-mockserver/node-test').sandboxForEachTest();
    mockserver.url('nanophoto');`;
  const { status, stdout } = await run(t, text);
  assert.equal(status, 1);
  assert.match(stdout, /only while a test runs/);
});

test('a failed test leaves a bundle, and a clean one with a bad verdict fails', async (t) => {
  const text = `
    const { test } = require('node:test');
    const mockserver = require('ai-video-mockserver/node-test').sandboxForEachTest({ verdict: true, bundles: 'bundles' });
    const submit = () => fetch(mockserver.url('videotoprompt') + '/analyze/url', {
      method: 'POST', body: JSON.stringify({ url: 'https://example.com/a.mp4' }),
      headers: { Authorization: 'Bearer ' + mockserver.key('videotoprompt'), 'Content-Type': 'application/json' },
    });
    test('red one', async () => { await submit(); throw new Error('no'); });
    test('bad manners', async () => {
      await mockserver.fault('*', { kind: 'rate_limited', retry_after: '9s' });
      await submit(); await submit();
    });`;
  const { folder, status, stdout } = await run(t, text);
  assert.equal(status, 1);
  assert.match(stdout, /retry_after_ignored/);
  const bundles = readdirSync(path.join(folder, 'bundles'));
  assert.ok(bundles.some((each) => /^red-one-t[0-9a-f]{12}\.mock\.zip$/.test(each)), String(bundles));
});
