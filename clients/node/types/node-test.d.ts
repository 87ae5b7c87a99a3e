/**
 * Give each test of this file, or of this `describe`, a sandbox of its own. The tests must not run at the same time.
 *
 * @param {import('./each-test.js').TestOptions} [options]
 * @returns {import('./sandbox.js').Sandbox} the sandbox of the test that is running
 */
export function sandboxForEachTest(options?: import("./each-test.js").TestOptions): import("./sandbox.js").Sandbox;
