'use strict';

const { createHash } = require('node:crypto');
const path = require('node:path');
const { MockServerError } = require('./errors.js');
const { open } = require('./server.js');

/** @typedef {import('./sandbox.js').Sandbox} Sandbox */

/**
 * What the sandboxes of tests start with, and what happens at their end.
 *
 * @typedef {object} MoreTestOptions
 * @property {import('./command.js').StartOptions} [server] how the server is started, if none runs
 * @property {boolean | Parameters<Sandbox['judge']>[0]} [verdict] fail a test that passed if the verdict has findings; an
 *   object has the rules to allow and so on
 * @property {string} [bundles] a directory for bundles of failed tests (default: `MOCKSERVER_BUNDLES`); Jest does not say
 *   which tests fail, so there is none with it
 */

/** @typedef {Omit<import('./sandbox.js').SandboxOptions, 'name'> & MoreTestOptions} TestOptions */

/**
 * Return the name of the sandbox of a test. The same test has the same name, and so the same values, in every run.
 *
 * It is a hash, because `free` in the name would select the free plan.
 *
 * @param {string} file
 * @param {string} title
 */
function nameOf(file, title) {
  const place = path.relative(process.cwd(), file).split(path.sep).join('/');
  return `t${createHash('sha256').update(`${place}\n${title}`).digest('hex').slice(0, 12)}`;
}

/**
 * Finish a sandbox after its test: save a bundle if the test failed, judge the client if it passed, and delete it.
 *
 * @param {Sandbox} sandbox
 * @param {TestOptions} options
 * @param {{ failed: boolean | undefined, title: string }} test `failed` is undefined if it is not known
 */
async function finish(sandbox, options, test) {
  try {
    const directory = options.bundles ?? process.env.MOCKSERVER_BUNDLES;
    if (test.failed && directory) {
      const name = test.title.replace(/[^A-Za-z0-9]+/g, '-').replace(/^-|-$/g, '').slice(0, 80);
      await sandbox.bundle(path.join(directory, `${name || 'test'}-${sandbox.name}.mock.zip`));
    }
    if (!test.failed && options.verdict) await sandbox.judge(options.verdict === true ? {} : options.verdict);
  } finally {
    await sandbox.delete();
  }
}

/**
 * @typedef {object} Hooks
 * @property {(hook: (context?: any) => Promise<void>) => void} beforeEach
 * @property {(hook: (context?: any) => Promise<void>) => void} afterEach
 * @property {(hook: () => Promise<void>) => void} afterAll
 * @property {(context: any) => { file: string, title: string }} test
 * @property {(context: any) => boolean | undefined} failed
 */

/**
 * Create a sandbox before each test and delete it after it, with the hooks of a test runner. Return the sandbox of the
 * test that is running: one object, whose properties and methods are those of the current sandbox.
 *
 * @param {Hooks} hooks
 * @param {TestOptions} options
 * @returns {Sandbox}
 */
function withHooks(hooks, options) {
  const { server: startOptions, verdict, bundles, ...sandboxOptions } = options;
  /** @type {Sandbox | undefined} */
  let current;
  /** @type {Promise<import('./server.js').MockServer> | undefined} */
  let server;
  let title = '';
  hooks.beforeEach(async (context) => {
    const test = hooks.test(context);
    server ??= open(startOptions);
    title = test.title;
    current = await (await server).sandbox({ ...sandboxOptions, name: nameOf(test.file, title) });
  });
  hooks.afterEach(async (context) => {
    const ended = current;
    current = undefined;
    if (ended) await finish(ended, { verdict, bundles }, { failed: hooks.failed(context), title });
  });
  hooks.afterAll(async () => {
    if (server) await (await server).stop();
  });
  return /** @type {Sandbox} */ (
    new Proxy(
      {},
      {
        get(_, name) {
          // Runners look at these when they print a value.
          if (!current && (typeof name === 'symbol' || name === 'then' || name === 'toJSON')) return undefined;
          if (!current) throw new MockServerError('mockserver has a sandbox only while a test runs; use it in a test');
          const value = Reflect.get(current, name, current);
          return typeof value === 'function' ? value.bind(current) : value;
        },
      },
    )
  );
}

module.exports = { finish, nameOf, withHooks };
