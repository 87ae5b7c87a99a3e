'use strict';

const http = require('node:http');
const https = require('node:https');
const { MockServerError } = require('./errors.js');

/** Milliseconds of real time. Moving a clock past a receiver that never answers takes ten seconds. */
const PATIENCE = 60_000;

/** @typedef {Record<string, string | number | boolean | readonly string[] | null | undefined>} Query */

/**
 * Requests to the control API of a server.
 *
 * They use `node:http` and not `fetch`, which tests replace, and which some test environments do not have.
 */
class Connection {
  /**
   * @param {string} url the URL of the server
   * @param {string} [token] the token of its control API
   */
  constructor(url, token = '') {
    this.url = url.replace(/\/+$/, '');
    this.token = token;
    if (!/^https?:\/\/[^/]/.test(this.url)) {
      throw new MockServerError(`${JSON.stringify(url)} is not the URL of a server; expected one such as http://127.0.0.1:8080`);
    }
    this.module = this.url.startsWith('https:') ? https : http;
    // Idle connections of an agent do not keep the process alive.
    this.agent = new this.module.Agent({ keepAlive: true });
  }

  /**
   * Send a request, and return the JSON of its reply; undefined if the reply is empty.
   *
   * @param {string} method
   * @param {string} path
   * @param {{ query?: Query, body?: unknown, yaml?: string }} [options]
   * @returns {Promise<any>}
   */
  async call(method, path, options = {}) {
    const content = await this.bytes(method, path, options);
    if (content.length === 0) return undefined;
    try {
      return JSON.parse(content.toString('utf8'));
    } catch {
      throw new MockServerError(`the reply of ${this.url} to ${method} ${path} is not one of mockserver`);
    }
  }

  /**
   * Send a request, and return the body of its reply.
   *
   * @param {string} method
   * @param {string} path
   * @param {{ query?: Query, body?: unknown, yaml?: string }} [options]
   * @returns {Promise<Buffer>}
   */
  async bytes(method, path, { query = {}, body, yaml } = {}) {
    const json = body === undefined ? undefined : JSON.stringify(body);
    const reply = await this._send(method, path + queryString(query), yaml ?? json, yaml === undefined ? 'application/json' : 'application/yaml');
    if (reply.status >= 400) throw refusal(this.url, reply);
    return reply.content;
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {string | undefined} content
   * @param {string} type
   * @returns {Promise<{ status: number, content: Buffer }>}
   */
  _send(method, path, content, type) {
    /** @type {Record<string, string | number>} */
    const headers = {};
    if (this.token) headers['X-Mock-Token'] = this.token;
    if (content !== undefined) {
      headers['Content-Type'] = type;
      headers['Content-Length'] = Buffer.byteLength(content);
    }
    return new Promise((resolve, reject) => {
      const request = this.module.request(this.url + path, { method, headers, agent: this.agent, timeout: PATIENCE });
      request.on('response', (response) => {
        /** @type {Buffer[]} */
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, content: Buffer.concat(chunks) }));
        response.on('error', reject);
      });
      request.on('timeout', () => request.destroy(new Error(`no reply within ${PATIENCE / 1000} s`)));
      request.on('error', (error) => reject(new MockServerError(`no answer from ${this.url}: ${error.message || error}`)));
      request.end(content);
    });
  }

  /** Close idle connections. */
  close() {
    this.agent.destroy();
  }
}

/**
 * @param {Query} query
 * @returns {string}
 */
function queryString(query) {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null) continue;
    for (const each of Array.isArray(value) ? value : [value]) parts.append(name, String(each));
  }
  const text = parts.toString();
  return text && `?${text}`;
}

/**
 * Return why the server refused a request. Its errors are problem details (RFC 9457).
 *
 * @param {string} url
 * @param {{ status: number, content: Buffer }} reply
 */
function refusal(url, reply) {
  let text;
  try {
    const problem = JSON.parse(reply.content.toString('utf8'));
    text = problem.errors?.length ? problem.errors.join('\n') : problem.detail;
  } catch {
    text = undefined;
  }
  text ??= `the reply of ${url} (status ${reply.status}) is not one of mockserver`;
  return new MockServerError(reply.status === 401 ? `${text}. Set MOCKSERVER_TOKEN` : text, reply.status);
}

module.exports = { Connection };
