'use strict';

const { readFile, writeFile, mkdir } = require('node:fs/promises');
const path = require('node:path');
const { Accounts, Clock, Deliveries, Jobs } = require('./parts.js');
const { MockServerError } = require('./errors.js');

/** @typedef {import('../types/control.js').ProviderName} ProviderName */
/** @typedef {import('../types/control.js').FaultSpec} FaultSpec */
/** @typedef {import('../types/control.js').Scenario} Scenario */
/** @typedef {import('./connection.js').Connection} Connection */

/**
 * What a sandbox starts with.
 *
 * @typedef {object} SandboxOptions
 * @property {string} [name] default: any that is free
 * @property {string | Scenario} [scenario] the name of a scenario, the path of a YAML file, or a scenario as an object
 *   (default: the server's)
 * @property {number} [seed] default: the scenario's
 * @property {'real' | 'scaled' | 'manual' | 'auto'} [clock] default: `auto`, which jumps to the next event whenever no
 *   request is in progress, so that nothing has to wait
 * @property {number} [speed] how many times faster than real a `scaled` clock is
 */

/** Simulations of all providers for one test: jobs, accounts, limits, credits, webhooks, a clock and a journal. */
class Sandbox {
  /**
   * @param {Connection} connection
   * @param {import('../types/control.js').SandboxView} view
   */
  constructor(connection, view) {
    this._connection = connection;
    this._control = view.name === 'default' ? '/_mock' : `/~${view.name}/_mock`;
    /** The name of the sandbox. Requests with a key that contains `sbx-NAME` use it. */
    this.name = view.name;
    /** The number that fixes everything that looks random. */
    this.seed = view.seed;
    /** The base URL of each provider, to use instead of the one in its documentation. */
    this.urls = /** @type {Record<ProviderName, string>} */ (view.urls);
    /** An API key of each provider. It selects the sandbox at any URL of the server. */
    this.keys = /** @type {Record<ProviderName, string>} */ (view.keys);
    const call = this._call.bind(this);
    this.clock = new Clock(call);
    this.jobs = new Jobs(call);
    this.deliveries = new Deliveries(call);
    this._accounts = new Accounts(call);
  }

  /**
   * @param {Connection} connection
   * @param {SandboxOptions} options
   * @returns {Promise<Sandbox>}
   */
  static async create(connection, { name, scenario, seed, clock = 'auto', speed }) {
    const file = typeof scenario === 'string' && isFile(scenario) ? await readFile(scenario, 'utf8') : undefined;
    const body = { name, scenario: file === undefined ? scenario : undefined, seed, clock: { mode: clock, speed } };
    const view = await connection.call('POST', '/_mock/sandboxes', { body });
    const sandbox = new Sandbox(connection, view);
    if (file === undefined) return sandbox;
    try {
      await connection.call('PUT', `${sandbox._control}/scenario`, { yaml: file });
      return sandbox;
    } catch (error) {
      await sandbox.delete();
      throw error;
    }
  }

  /**
   * @param {Connection} connection
   * @returns {Promise<Sandbox>}
   */
  static async default(connection) {
    const { sandboxes } = await connection.call('GET', '/_mock/sandboxes');
    const view = sandboxes.find((/** @type {{ name: string }} */ each) => each.name === 'default');
    return new Sandbox(connection, view);
  }

  /**
   * Return the base URL of a provider, or with `path` the URL of that path at the root of the provider's host.
   *
   * @param {ProviderName} provider
   * @param {string} [path] such as `/oauth/token`
   * @returns {string}
   */
  url(provider, path) {
    const base = named(this.urls, provider);
    return path === undefined ? base : base.slice(0, base.indexOf(`/${provider}`) + provider.length + 1) + path;
  }

  /**
   * Return an API key of a provider for this sandbox.
   *
   * `kind` becomes a part of the key. In the scenario `default`, `free`, `starter`, `basic`, `pro` and `enterprise` are
   * plans, `broke` has no credits, and `invalid` is refused.
   *
   * @param {ProviderName} provider
   * @param {string} [kind]
   * @returns {string}
   */
  key(provider, kind = '') {
    return named(this.keys, provider).replace(`sbx-${this.name}`, `${kind && `${kind}-`}sbx-${this.name}`);
  }

  /**
   * Return environment variables for an application: `VIDEOTOPROMPT_BASE_URL`, `VIDEOTOPROMPT_API_KEY` and so on.
   *
   * @param {...ProviderName} providers default: all
   * @returns {Record<string, string>}
   */
  env(...providers) {
    const chosen = providers.length ? providers : /** @type {ProviderName[]} */ (Object.keys(this.urls));
    return Object.fromEntries(
      chosen.flatMap((each) => [
        [`${each.toUpperCase()}_BASE_URL`, this.url(each)],
        [`${each.toUpperCase()}_API_KEY`, this.key(each)],
      ]),
    );
  }

  /**
   * Switch to another scenario. Existing jobs keep their plans.
   *
   * @param {string | Scenario} scenario a name, the path of a YAML file, or a scenario as an object
   * @returns {Promise<import('../types/control.js').ScenarioUsed>}
   */
  async use(scenario) {
    if (typeof scenario !== 'string') return this._call('PUT', '/scenario', { body: scenario });
    if (isFile(scenario)) return this._call('PUT', '/scenario', { yaml: await readFile(scenario, 'utf8') });
    return this._call('PUT', '/scenario', { body: { name: scenario } });
  }

  /**
   * Make the next `times` requests of an operation (and of a key) fail. This comes before the scenario.
   *
   * @param {import('../types/control.js').OperationName | (string & {})} operation such as `videotoprompt.analyze_url`; `*`
   *   stands for any characters
   * @param {import('../types/control.js').FaultKind | (string & {}) | FaultSpec} fault a kind such as `rate_limited`, or a fault
   *   as in a scenario: `{ kind: 'rate_limited', retry_after: '2s' }`
   * @param {{ times?: number, key?: string }} [options]
   * @returns {Promise<import('../types/control.js').ArmedFaultView>}
   */
  async fault(operation, fault, { times, key } = {}) {
    const spec = typeof fault === 'string' ? { kind: fault } : fault;
    return this._call('POST', '/faults', { body: { operation, times, account: key, fault: spec } });
  }

  /**
   * Return the faults that wait for a request.
   *
   * @returns {Promise<import('../types/control.js').ArmedFaultView[]>}
   */
  async faults() {
    return (await this._call('GET', '/faults')).faults;
  }

  /**
   * Let every reply go on that a `stall` with `held: true` has stopped, and return how many there were.
   *
   * @returns {Promise<number>}
   */
  async resume() {
    return (await this._call('POST', '/faults/resume')).resumed;
  }

  /**
   * Return the account of a key, by default of `key(provider)`.
   *
   * @param {ProviderName} provider
   * @param {string} [key]
   */
  account(provider, key = this.key(provider)) {
    return this._accounts.of(provider, key);
  }

  /**
   * Return what happened in the sandbox, newest first: requests, status changes of jobs, deliveries, changes.
   *
   * @param {{ provider?: ProviderName, operation?: string, status?: number, job?: string, kind?: string, limit?: number }}
   *   [filter]
   * @returns {Promise<import('../types/control.js').EntryView[]>}
   */
  async journal(filter = {}) {
    return (await this._call('GET', '/journal', { query: filter })).entries;
  }

  /**
   * Return the requests of an operation, oldest first.
   *
   * @param {import('../types/control.js').OperationName | (string & {})} [operation]
   * @returns {Promise<import('../types/control.js').EntryView[]>}
   */
  async requests(operation) {
    return (await this.journal({ operation, kind: 'request', limit: 5_000 })).reverse();
  }

  /**
   * Return what the client did wrong, such as paying twice after a lost reply, or polling too fast.
   *
   * @param {{ allow?: string[], deny?: string[], severity?: string[], longest_poll?: string }} [policy] rules to ignore, to
   *   treat as errors, and severities as `rule=note`
   * @returns {Promise<import('../types/control.js').VerdictView>}
   */
  async verdict(policy = {}) {
    return this._call('GET', '/verdict', { query: policy });
  }

  /**
   * Throw an error with every finding of the verdict that is at least as severe as `failOn`.
   *
   * @param {{ allow?: string[], deny?: string[], severity?: string[], longest_poll?: string,
   *   failOn?: 'error' | 'warning' | 'note' }} [policy] `failOn` is `warning` by default
   * @returns {Promise<import('../types/control.js').VerdictView>} the verdict, if there is no such finding
   */
  async judge({ failOn = 'warning', ...policy } = {}) {
    const severities = ['error', 'warning', 'note'];
    if (!severities.includes(failOn)) throw new TypeError(`failOn is one of ${severities.join(', ')}, not ${failOn}`);
    const verdict = await this.verdict(policy);
    const bad = verdict.findings.filter((each) => severities.indexOf(each.severity) <= severities.indexOf(failOn));
    if (bad.length === 0) return verdict;
    const texts = bad.map((each) => `${each.severity} ${each.rule}: ${each.message}\n  instead: ${each.instead}`);
    throw new MockServerError(`the verdict on the client in sandbox ${this.name}:\n${texts.join('\n')}`);
  }

  /**
   * Return which simulated behaviours the client has caused in this sandbox.
   *
   * @returns {Promise<import('../types/control.js').Coverage>}
   */
  async coverage() {
    return this._connection.call('GET', '/_mock/coverage', { query: { sandbox: this.name } });
  }

  /**
   * Save everything that happened as a bundle, which `mockserver bundle` and `mockserver verdict` read.
   *
   * Keys and secrets in it are masked.
   *
   * @param {string} [file] default: `NAME.mock.zip` in the current directory
   * @returns {Promise<string>} the path of the file
   */
  async bundle(file = `${this.name}.mock.zip`) {
    const content = await this._connection.bytes('GET', `${this._control}/bundle`);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
    return file;
  }

  /**
   * Clear the journal, the jobs, the counters, the credits, the armed faults, or all of them.
   *
   * @param {'journal' | 'jobs' | 'counters' | 'credits' | 'faults' | 'all'} [what]
   */
  async reset(what = 'all') {
    await this._call('POST', '/reset', { body: { what } });
  }

  /** Delete the sandbox. One that has been deleted meanwhile is no error. */
  async delete() {
    try {
      await this._connection.call('DELETE', `/_mock/sandboxes/${this.name}`);
    } catch (error) {
      if (!(error instanceof MockServerError) || error.status !== 404) throw error;
    }
  }

  async [Symbol.asyncDispose]() {
    await this.delete();
  }

  /**
   * @param {string} method
   * @param {string} target
   * @param {{ query?: import('./connection.js').Query, body?: unknown, yaml?: string }} [options]
   */
  _call(method, target, options) {
    return this._connection.call(method, this._control + target, options);
  }
}

/** @param {string} scenario */
function isFile(scenario) {
  return /\.ya?ml$/i.test(scenario);
}

/**
 * Return the value of a provider.
 *
 * @template T
 * @param {Record<string, T>} values
 * @param {string} provider
 * @returns {T}
 */
function named(values, provider) {
  if (Object.hasOwn(values, provider)) return values[provider];
  throw new MockServerError(`there is no provider ${JSON.stringify(provider)}; one of: ${Object.keys(values).join(', ')}`);
}

module.exports = { Sandbox };
