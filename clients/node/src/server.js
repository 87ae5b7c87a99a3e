'use strict';

const { commands, DISTRIBUTION } = require('./command.js');
const { Connection } = require('./connection.js');
const { MockServerError } = require('./errors.js');
const { ServerProcess, NotFound } = require('./process.js');
const { Sandbox } = require('./sandbox.js');

const CONFLICT = 409;
const MOST_NAMES = 50;

/** A server: one that this process has started, or one that runs elsewhere. */
class MockServer {
  /**
   * @param {string} url
   * @param {string} token
   * @param {ServerProcess} [process]
   */
  constructor(url, token, process) {
    this._connection = new Connection(url, token);
    this._process = process;
  }

  /** The URL of the server. */
  get url() {
    return this._connection.url;
  }

  /** The token of its control API; empty if it needs none. */
  get token() {
    return this._connection.token;
  }

  /** Whether this process has started the server, so that `stop` ends it. */
  get isOwn() {
    return this._process !== undefined;
  }

  /**
   * Create a sandbox, with jobs, accounts, a clock and a journal of its own.
   *
   * If another run uses the name, a number is added to it.
   *
   * @param {import('./sandbox.js').SandboxOptions} [options]
   * @returns {Promise<Sandbox>}
   */
  async sandbox(options = {}) {
    const { name, ...more } = options;
    for (let number = 1; ; number += 1) {
      const wanted = name && (number === 1 ? name : `${name}-${number}`);
      try {
        return await Sandbox.create(this._connection, { ...more, name: wanted });
      } catch (error) {
        const taken = error instanceof MockServerError && error.status === CONFLICT;
        if (!taken || !name || number === MOST_NAMES) throw error;
      }
    }
  }

  /** Return the sandbox `default`, which clients use whose keys and URLs name no other. */
  async default() {
    return Sandbox.default(this._connection);
  }

  /** Wait until the server answers. */
  async ready() {
    await this._connection.call('GET', '/_mock/ready');
  }

  /** Stop the server if this process has started it. */
  async stop() {
    this._connection.close();
    await this._process?.stop();
  }

  async [Symbol.asyncDispose]() {
    await this.stop();
  }
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
async function start(options = {}) {
  const tried = [];
  for (const command of await commands(options)) {
    try {
      const started = await ServerProcess.start(command, options);
      const server = new MockServer(started.url, started.token, started);
      await server.ready();
      return server;
    } catch (error) {
      if (!(error instanceof NotFound)) throw error;
      tried.push(command.program);
    }
  }
  throw new MockServerError(
    `no server could be started: there is no program ${tried.join(' or ')}. Install it with ` +
      `\`pip install ${DISTRIBUTION}\` or install uv, name its \`command\` or an \`image\`, or set MOCKSERVER_URL ` +
      'to a server that is running',
  );
}

/**
 * Return a server that is running already.
 *
 * @param {string} [url] default: `MOCKSERVER_URL`
 * @param {string} [token] default: `MOCKSERVER_TOKEN`
 * @returns {Promise<MockServer>}
 */
async function connect(url = process.env.MOCKSERVER_URL, token = process.env.MOCKSERVER_TOKEN) {
  if (!url) throw new MockServerError('connect needs the URL of a server, or MOCKSERVER_URL');
  const server = new MockServer(url, token ?? '');
  await server.ready();
  return server;
}

/**
 * Return the server of `MOCKSERVER_URL`, or start one.
 *
 * @param {import('./command.js').StartOptions} [options] how it is started
 * @returns {Promise<MockServer>}
 */
async function open(options = {}) {
  return process.env.MOCKSERVER_URL ? connect() : start(options);
}

module.exports = { MockServer, start, connect, open };
