'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const http = require('node:http');
const { once } = require('node:events');
const path = require('node:path');
const { test } = require('node:test');
const { connect, start } = require('ai-video-mockserver');
const { commands } = require('../src/command.js');

/** Whether something listens at a URL. */
function listens(url) {
  return new Promise((resolve) => {
    const request = http.get(`${url}/_mock/health`, (response) => {
      response.resume();
      response.on('end', () => resolve(true));
    });
    request.on('error', () => resolve(false));
  });
}

test('a server starts with its options and stops', async () => {
  const server = await start({ scenario: 'tour', seed: 7, clock: 'manual' });
  const { seed } = await server.default();
  assert.deepEqual([seed, (await (await server.default()).clock.read()).mode], [7, 'manual']);
  assert.ok(server.isOwn && (await listens(server.url)));
  await server.stop();
  await server.stop();
  assert.equal(await listens(server.url), false);
});

test('a server stops with the process that started it, also if that is killed', async () => {
  const text = `
    require('ai-video-mockserver').start().then((server) => {
      console.log(server.url);
      setInterval(() => {}, 1000);
    });`;
  const parent = spawn(process.execPath, ['-e', text], { cwd: path.join(__dirname, '..'), stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(parent.stdout, 'data');
  const url = String(line).trim();
  assert.equal(await listens(url), true);
  parent.kill('SIGKILL');
  const end = Date.now() + 10_000;
  while ((await listens(url)) && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(await listens(url), false);
});

test('a server that cannot start says why', async () => {
  await assert.rejects(start({ scenario: 'toure' }), /exit code 2 at its start: .*serve[^]*tour/);
  await assert.rejects(start({ command: [process.execPath, '-e', 'setTimeout(() => {}, 9000)', '--'], timeout: 200 }), /not ready within 0.2 s/);
  await assert.rejects(start({ command: ['no-such-program'] }), /there is no program no-such-program\. Install it with `pip install ai-video-mockserver`/);
});

test('connect needs a server that runs', async () => {
  await assert.rejects(connect('localhost:8080'), /is not the URL of a server/);
  await assert.rejects(connect('http://127.0.0.1:9'), /no answer from http:\/\/127.0.0.1:9: /);
  await assert.rejects(connect(''), /MOCKSERVER_URL/);
});

test('the commands that are tried', async () => {
  const [first, second] = await commands({ seed: 7, args: ['--strict'] }, {});
  assert.deepEqual([first.program, first.args], ['mockserver', ['serve', '--log', 'json', '--stop-with-stdin', '--seed', '7', '--strict', '--port', '0']]);
  assert.deepEqual([second.program, second.args.slice(0, 2)], ['uvx', ['ai-video-mockserver', 'serve']]);
  const [own] = await commands({}, { MOCKSERVER_COMMAND: 'python -m mockserver', MOCKSERVER_IMAGE: 'x' });
  assert.deepEqual([own.program, own.args.slice(0, 3)], ['python', ['-m', 'mockserver', 'serve']]);
  const [image, ...others] = await commands({ scenario: 'tour' }, { MOCKSERVER_IMAGE: 'example.com/mockserver:1' });
  assert.deepEqual(others, []);
  assert.equal(image.program, 'docker');
  const port = /^127\.0\.0\.1:(\d+):8080$/.exec(image.args[image.args.indexOf('--publish') + 1])[1];
  assert.ok(image.args.includes(`MOCKSERVER_PUBLIC_URL=http://127.0.0.1:${port}`));
  assert.deepEqual(image.args.slice(image.args.indexOf('example.com/mockserver:1')), ['example.com/mockserver:1', 'serve', '--log', 'json', '--stop-with-stdin', '--scenario', 'tour']);
});
