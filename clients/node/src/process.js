'use strict';

const { spawn } = require('node:child_process');
const readline = require('node:readline');
const { MockServerError } = require('./errors.js');

// Taken now, because tests replace the timers of the global object.
const { setTimeout, clearTimeout } = globalThis;

/** Milliseconds of real time: to start, to start after a download, and to stop. */
const START = 30_000;
const DOWNLOAD = 180_000;
const STOP = 5_000;
/** How many lines of the program's messages an error shows. */
const LINES = 20;

/** The program does not exist. */
class NotFound extends MockServerError {}

/** A server that this process has started. It stops when this process ends, however it ends. */
class ServerProcess {
  /**
   * @param {import('node:child_process').ChildProcess} child
   * @param {{ url: string, token: string }} ready
   */
  constructor(child, ready) {
    this._child = child;
    this.url = ready.url;
    this.token = ready.token;
  }

  /**
   * Start a server, and return it as soon as it listens.
   *
   * @param {import('./command.js').Command} command
   * @param {{ timeout?: number, cwd?: string }} [options]
   * @returns {Promise<ServerProcess>}
   */
  static async start(command, { timeout, cwd } = {}) {
    const child = spawn(command.program, command.args, {
      cwd,
      env: { ...process.env, ...command.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      windowsHide: true,
    });
    const limit = timeout ?? (command.slow ? DOWNLOAD : START);
    try {
      const ready = await readyLine(child, command, limit);
      letGo(child);
      return new ServerProcess(child, ready);
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  /** Stop the server, and wait until it has stopped. */
  async stop() {
    const child = this._child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.ref();
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.stdin?.end();
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP);
    await ended;
    clearTimeout(timer);
  }
}

/**
 * Return the first line of the log, which says where the server listens.
 *
 * @param {import('node:child_process').ChildProcess} child
 * @param {import('./command.js').Command} command
 * @param {number} limit
 * @returns {Promise<{ url: string, token: string }>}
 */
function readyLine(child, command, limit) {
  const shown = [command.program, ...command.args].join(' ');
  /** @type {string[]} */
  const messages = [];
  const readers = [child.stdout, child.stderr].flatMap((input) => (input ? [readline.createInterface({ input })] : []));
  return new Promise((resolve, reject) => {
    /** @param {() => void} settle */
    const end = (settle) => {
      clearTimeout(timer);
      for (const reader of readers) reader.close();
      settle();
    };
    /** @param {string} reason */
    const fail = (reason) => {
      const output = messages.slice(-LINES).join('\n');
      end(() => reject(new MockServerError(`${reason}: ${shown}${output && `\n${output}`}`)));
    };
    const timer = setTimeout(() => fail(`the server was not ready within ${limit / 1000} s`), limit);
    child.on('error', (error) => {
      const missing = /** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT';
      end(() => reject(new (missing ? NotFound : MockServerError)(`${command.program} cannot be run: ${error.message}`)));
    });
    child.on('close', (code, signal) => fail(`the server ended with ${signal ?? `exit code ${code}`} at its start`));
    for (const reader of readers) {
      reader.on('line', (line) => {
        const ready = parsed(line);
        if (ready?.kind === 'ready') end(() => resolve({ url: ready.url, token: ready.token ?? '' }));
        else messages.push(line);
      });
    }
    // The program may end before it reads anything.
    child.stdin?.on('error', () => {});
  });
}

/**
 * @param {string} line
 * @returns {any}
 */
function parsed(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/**
 * Let this process end while the server runs. The log is read and dropped, so that the pipes do not fill up.
 *
 * @param {import('node:child_process').ChildProcess} child
 */
function letGo(child) {
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) {
    /** @type {any} */ (stream)?.unref?.();
  }
  child.stdout?.resume();
  child.stderr?.resume();
}

module.exports = { ServerProcess, NotFound };
