export type Sandbox = import("./sandbox.js").Sandbox;
/**
 * What the sandboxes of tests start with, and what happens at their end.
 */
export type MoreTestOptions = {
    /**
     * how the server is started, if none runs
     */
    server?: import("./command.js").StartOptions | undefined;
    /**
     * fail a test that passed if the verdict has findings; an
     * object has the rules to allow and so on
     */
    verdict?: boolean | Parameters<Sandbox["judge"]>[0];
    /**
     * a directory for bundles of failed tests (default: `MOCKSERVER_BUNDLES`); Jest does not say
     * which tests fail, so there is none with it
     */
    bundles?: string | undefined;
};
export type TestOptions = Omit<import("./sandbox.js").SandboxOptions, "name"> & MoreTestOptions;
export type Hooks = {
    beforeEach: (hook: (context?: any) => Promise<void>) => void;
    afterEach: (hook: (context?: any) => Promise<void>) => void;
    afterAll: (hook: () => Promise<void>) => void;
    test: (context: any) => {
        file: string;
        title: string;
    };
    failed: (context: any) => boolean | undefined;
};
/**
 * Finish a sandbox after its test: save a bundle if the test failed, judge the client if it passed, and delete it.
 *
 * @param {Sandbox} sandbox
 * @param {TestOptions} options
 * @param {{ failed: boolean | undefined, title: string }} test `failed` is undefined if it is not known
 */
export function finish(sandbox: Sandbox, options: TestOptions, test: {
    failed: boolean | undefined;
    title: string;
}): Promise<void>;
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
export function nameOf(file: string, title: string): string;
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
export function withHooks(hooks: Hooks, options: TestOptions): Sandbox;
