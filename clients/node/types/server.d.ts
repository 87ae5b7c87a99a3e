/** A server: one that this process has started, or one that runs elsewhere. */
export class MockServer {
    /**
     * @param {string} url
     * @param {string} token
     * @param {ServerProcess} [process]
     */
    constructor(url: string, token: string, process?: ServerProcess);
    _connection: Connection;
    _process: ServerProcess | undefined;
    /** The URL of the server. */
    get url(): string;
    /** The token of its control API; empty if it needs none. */
    get token(): string;
    /** Whether this process has started the server, so that `stop` ends it. */
    get isOwn(): boolean;
    /**
     * Create a sandbox, with jobs, accounts, a clock and a journal of its own.
     *
     * If another run uses the name, a number is added to it.
     *
     * @param {import('./sandbox.js').SandboxOptions} [options]
     * @returns {Promise<Sandbox>}
     */
    sandbox(options?: import("./sandbox.js").SandboxOptions): Promise<Sandbox>;
    /** Return the sandbox `default`, which clients use whose keys and URLs name no other. */
    default(): Promise<Sandbox>;
    /** Wait until the server answers. */
    ready(): Promise<void>;
    /** Stop the server if this process has started it. */
    stop(): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
}
/**
 * Start a server on a free port, and return it as soon as it is ready.
 *
 * It is the command `mockserver`, else `uvx ai-video-mockserver`, or an image; see the options. It stops with `stop`, or
 * when this process ends.
 *
 * @param {import('./command.js').StartOptions} [options]
 * @returns {Promise<MockServer>}
 */
export function start(options?: import("./command.js").StartOptions): Promise<MockServer>;
/**
 * Return a server that is running already.
 *
 * @param {string} [url] default: `MOCKSERVER_URL`
 * @param {string} [token] default: `MOCKSERVER_TOKEN`
 * @returns {Promise<MockServer>}
 */
export function connect(url?: string, token?: string): Promise<MockServer>;
/**
 * Return the server of `MOCKSERVER_URL`, or start one.
 *
 * @param {import('./command.js').StartOptions} [options] how it is started
 * @returns {Promise<MockServer>}
 */
export function open(options?: import("./command.js").StartOptions): Promise<MockServer>;
import { Connection } from "./connection.js";
import { ServerProcess } from "./process.js";
import { Sandbox } from "./sandbox.js";
