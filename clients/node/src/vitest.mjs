import { test as base } from 'vitest';
import eachTest from './each-test.js';
import servers from './server.js';

const { finish, nameOf } = eachTest;

/** Vitest's `test`, with the fixture `mockserver`: a sandbox for each test that uses it. */
export const test = base.extend({
  mockserverOptions: {},
  mockserver: async ({ mockserverOptions, task, onTestFailed }, use) => {
    const { server: startOptions, verdict, bundles, ...sandboxOptions } = mockserverOptions;
    const title = titleOf(task);
    const server = await shared(startOptions);
    const sandbox = await server.sandbox({ ...sandboxOptions, name: nameOf(task.file.filepath, title) });
    await use(sandbox);
    await finish(sandbox, { verdict, bundles }, { failed: task.result?.state === 'fail', title });
  },
});

export const it = test;

/** @type {Promise<import('./server.js').MockServer> | undefined} */
let running;

/** The server of this file, if the configuration has no `globalSetup`. It stops with the worker. */
function shared(options) {
  running ??= servers.open(options);
  return running;
}

function titleOf(task) {
  const names = [];
  for (let each = task; each && each !== task.file; each = each.suite) names.unshift(each.name);
  return names.join(' > ');
}
