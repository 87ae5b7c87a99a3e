/**
 * How a server is started.
 */
export type StartOptions = {
    /**
     * the command of the server and its first arguments, such as `['.venv/bin/mockserver']`;
     * default: the words of `MOCKSERVER_COMMAND`, or `mockserver`, and if there is none, `uvx ai-video-mockserver`
     */
    command?: string[] | undefined;
    /**
     * the name of a container image to start instead; default: `MOCKSERVER_IMAGE`
     */
    image?: string | undefined;
    /**
     * the program that runs containers (default: `docker`)
     */
    engine?: string | undefined;
    /**
     * the name of a scenario, or the path of a file
     */
    scenario?: string | undefined;
    /**
     * the seed of all values that look random
     */
    seed?: number | undefined;
    /**
     * `real`, `manual`, `auto` or a speed such as `60x`
     */
    clock?: string | undefined;
    /**
     * other options of `mockserver serve`, such as `['--strict']`
     */
    args?: string[] | undefined;
    /**
     * how many milliseconds the start may take (default: 30,000; with uvx or an image 180,000)
     */
    timeout?: number | undefined;
    /**
     * the directory in which the server looks for `mockserver.toml` and `scenarios`
     */
    cwd?: string | undefined;
};
/**
 * A program with its arguments, to start a server.
 */
export type Command = {
    program: string;
    args: string[];
    env: Record<string, string>;
    slow: boolean;
};
/**
 * How a server is started.
 *
 * @typedef {object} StartOptions
 * @property {string[]} [command] the command of the server and its first arguments, such as `['.venv/bin/mockserver']`;
 *   default: the words of `MOCKSERVER_COMMAND`, or `mockserver`, and if there is none, `uvx ai-video-mockserver`
 * @property {string} [image] the name of a container image to start instead; default: `MOCKSERVER_IMAGE`
 * @property {string} [engine] the program that runs containers (default: `docker`)
 * @property {string} [scenario] the name of a scenario, or the path of a file
 * @property {number} [seed] the seed of all values that look random
 * @property {string} [clock] `real`, `manual`, `auto` or a speed such as `60x`
 * @property {string[]} [args] other options of `mockserver serve`, such as `['--strict']`
 * @property {number} [timeout] how many milliseconds the start may take (default: 30,000; with uvx or an image 180,000)
 * @property {string} [cwd] the directory in which the server looks for `mockserver.toml` and `scenarios`
 */
/**
 * A program with its arguments, to start a server.
 *
 * @typedef {{ program: string, args: string[], env: Record<string, string>, slow: boolean }} Command
 */
/**
 * Return the commands to try, in this order, until one of the programs exists.
 *
 * @param {StartOptions} [options]
 * @param {NodeJS.ProcessEnv} [environment]
 * @returns {Promise<Command[]>}
 */
export function commands(options?: StartOptions, environment?: NodeJS.ProcessEnv): Promise<Command[]>;
/** The name of the package on the Python package index, whose command is `mockserver`. */
export const DISTRIBUTION: "ai-video-mockserver";
