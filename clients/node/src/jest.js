'use strict';

const { withHooks } = require('./each-test.js');

/**
 * Give each test of this file, or of this `describe`, a sandbox of its own.
 *
 * @param {import('./each-test.js').TestOptions} [options]
 * @returns {import('./sandbox.js').Sandbox} the sandbox of the test that is running
 */
function sandboxForEachTest(options = {}) {
  /** @type {any} */
  const jest = globalThis;
  if (typeof jest.beforeEach !== 'function' || typeof jest.expect?.getState !== 'function') {
    throw new Error('ai-video-mockserver/jest works in files that Jest runs, with `injectGlobals`');
  }
  return withHooks(
    {
      beforeEach: (hook) => jest.beforeEach(() => hook()),
      afterEach: (hook) => jest.afterEach(() => hook()),
      afterAll: (hook) => jest.afterAll(() => hook()),
      test: () => {
        const { testPath, currentTestName } = jest.expect.getState();
        return { file: testPath ?? '', title: currentTestName ?? '' };
      },
      failed: () => undefined,
    },
    options,
  );
}

module.exports = { sandboxForEachTest };
