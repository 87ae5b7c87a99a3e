/** A server that this process has started. It stops when this process ends, however it ends. */
export class ServerProcess {
    /**
     * Start a server, and return it as soon as it listens.
     *
     * @param {import('./command.js').Command} command
     * @param {{ timeout?: number, cwd?: string }} [options]
     * @returns {Promise<ServerProcess>}
     */
    static start(command: import("./command.js").Command, { timeout, cwd }?: {
        timeout?: number;
        cwd?: string;
    }): Promise<ServerProcess>;
    /**
     * @param {import('node:child_process').ChildProcess} child
     * @param {{ url: string, token: string }} ready
     */
    constructor(child: import("node:child_process").ChildProcess, ready: {
        url: string;
        token: string;
    });
    _child: import("child_process").ChildProcess;
    url: string;
    token: string;
    /** Stop the server, and wait until it has stopped. */
    stop(): Promise<void>;
}
/** The program does not exist. */
export class NotFound extends MockServerError {
}
import { MockServerError } from "./errors.js";
