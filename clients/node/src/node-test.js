'use strict';

const { after, afterEach, beforeEach } = require('node:test');
const { withHooks } = require('./each-test.js');

/**
 * Give each test of this file, or of this `describe`, a sandbox of its own. The tests must not run at the same time.
 *
 * @param {import('./each-test.js').TestOptions} [options]
 * @returns {import('./sandbox.js').Sandbox} the sandbox of the test that is running
 */
function sandboxForEachTest(options = {}) {
  return withHooks(
    {
      beforeEach: (hook) => beforeEach((context) => hook(context)),
      afterEach: (hook) => afterEach((context) => hook(context)),
      afterAll: (hook) => after(() => hook()),
      test: (context) => ({ file: context.filePath ?? process.argv[1] ?? '', title: context.fullName ?? context.name }),
      failed: (context) => (typeof context.passed === 'boolean' ? !context.passed : undefined),
    },
    options,
  );
}

module.exports = { sandboxForEachTest };
