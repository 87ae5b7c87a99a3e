'use strict';

const net = require('node:net');

/** The name of the package on the Python package index, whose command is `mockserver`. */
const DISTRIBUTION = 'ai-video-mockserver';

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
async function commands(options = {}, environment = process.env) {
  const serve = ['serve', '--log', 'json', '--stop-with-stdin', ...serveOptions(options)];
  const command = options.command ?? environment.MOCKSERVER_COMMAND?.trim().split(/\s+/);
  const image = options.image ?? (command ? undefined : environment.MOCKSERVER_IMAGE);
  if (image) return [container(image, options, serve, await freePort())];
  /** @param {string[]} words */
  const local = (words, slow = false) => {
    const [program, ...first] = words;
    return { program, args: [...first, ...serve, '--port', '0'], env: {}, slow };
  };
  if (command) return [local(command)];
  return [local(['mockserver']), local(['uvx', DISTRIBUTION], true)];
}

/**
 * @param {StartOptions} options
 * @returns {string[]}
 */
function serveOptions({ scenario, seed, clock, args = [] }) {
  const named = Object.entries({ scenario, seed, clock }).filter(([, value]) => value !== undefined);
  return [...named.flatMap(([name, value]) => [`--${name}`, String(value)]), ...args];
}

/**
 * Return the command that runs an image. It stops with this process: `--interactive` connects the standard input.
 *
 * @param {string} image
 * @param {StartOptions} options
 * @param {string[]} serve
 * @param {number} port
 * @returns {Command}
 */
function container(image, options, serve, port) {
  const variables = { MOCKSERVER_PUBLIC_URL: `http://127.0.0.1:${port}`, MOCKSERVER_TOKEN: 'none' };
  const run = ['run', '--rm', '--interactive', '--publish', `127.0.0.1:${port}:8080`];
  // So that webhooks reach receivers on this machine, also on Linux.
  run.push('--add-host', 'host.docker.internal:host-gateway');
  for (const [name, value] of Object.entries(variables)) run.push('--env', `${name}=${value}`);
  return { program: options.engine ?? 'docker', args: [...run, image, ...serve], env: {}, slow: true };
}

/**
 * Return a port that is free now.
 *
 * @returns {Promise<number>}
 */
function freePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = /** @type {net.AddressInfo} */ (probe.address());
      probe.close(() => resolve(address.port));
    });
  });
}

module.exports = { commands, DISTRIBUTION };
