'use strict';

const { MockServerError } = require('./errors.js');

/**
 * A request to the control API of a sandbox.
 *
 * @typedef {(method: string, target: string, options?: { query?: import('./connection.js').Query, body?: unknown })
 *   => Promise<any>} Call
 */

/** @typedef {import('../types/control.js').ProviderName} ProviderName */

/** A duration: text such as `15s`, `500ms` or `1m30s`, or a number of seconds. @typedef {string | number} Duration */

/** The clock of a sandbox. */
class Clock {
  /** @param {Call} call */
  constructor(call) {
    this._call = call;
  }

  /**
   * Return the clock: its time, its mode and its next event.
   *
   * @returns {Promise<import('../types/control.js').ClockView>}
   */
  async read() {
    return this._call('GET', '/clock');
  }

  /** Return the time of the sandbox. */
  async now() {
    return new Date((await this.read()).milliseconds);
  }

  /**
   * Move the clock forward. Everything that falls due is done before the promise is fulfilled, webhooks too.
   *
   * @param {Duration} duration
   */
  async advance(duration) {
    return this._change({ advance: duration });
  }

  /** Move the clock to the next event, such as the end of a job's step or the next attempt of a webhook. */
  async next() {
    return this._change({ to: 'next' });
  }

  /**
   * Move the clock until a job has ended.
   *
   * @param {string} job its id
   */
  async until(job) {
    return this._change({ until: { job } });
  }

  /**
   * Change how the clock runs.
   *
   * @param {'real' | 'scaled' | 'manual' | 'auto'} mode
   * @param {number} [speed] of `scaled`: how many times faster than real time
   */
  async mode(mode, speed) {
    return this._change({ mode, speed });
  }

  /**
   * @param {import('../types/control.js').ClockChange} body
   * @returns {Promise<import('../types/control.js').ClockMoved>}
   */
  _change(body) {
    return this._call('POST', '/clock', { body });
  }
}

/** The jobs of a sandbox, of all providers. */
class Jobs {
  /** @param {Call} call */
  constructor(call) {
    this._call = call;
  }

  /**
   * Return the jobs, newest first.
   *
   * @param {{ provider?: ProviderName, status?: string, limit?: number }} [filter]
   * @returns {Promise<import('../types/control.js').JobView[]>}
   */
  async list(filter = {}) {
    return (await this._call('GET', '/jobs', { query: filter })).jobs;
  }

  /**
   * Return a job.
   *
   * @param {string} id
   * @returns {Promise<import('../types/control.js').JobView>}
   */
  async get(id) {
    return this._call('GET', `/jobs/${encodeURIComponent(id)}`);
  }

  /**
   * Force a status, with an `error` or a provider's `code` if it is `failed`; hold a job, or release a held step.
   *
   * @param {string} id
   * @param {import('../types/control.js').JobChange} change such as `{ status: 'failed', error: 'the prompt was refused' }`
   * @returns {Promise<import('../types/control.js').JobView>}
   */
  async change(id, change) {
    return this._call('POST', `/jobs/${encodeURIComponent(id)}`, { body: change });
  }
}

/** The account of an API key. */
class Account {
  /**
   * @param {Call} call
   * @param {ProviderName} provider
   * @param {string} key
   */
  constructor(call, provider, key) {
    this._call = call;
    this._target = `/accounts/${encodeURIComponent(key)}`;
    this._query = { provider };
  }

  /**
   * Return the account: its plan, credits, limits, webhook and the changes of its credits.
   *
   * @returns {Promise<import('../types/control.js').AccountView>}
   */
  async read() {
    return (await this._call('GET', this._target, { query: this._query })).accounts[0];
  }

  /**
   * Change the account. What is left out stays.
   *
   * @param {import('../types/control.js').AccountChange} change such as `{ credits: 3, webhook: { url, secret } }`
   * @returns {Promise<import('../types/control.js').AccountView>}
   */
  async change(change) {
    return (await this._call('PATCH', this._target, { query: this._query, body: change })).accounts[0];
  }
}

/** The accounts of a sandbox. */
class Accounts {
  /** @param {Call} call */
  constructor(call) {
    this._call = call;
  }

  /**
   * @param {ProviderName} provider
   * @param {string} key
   */
  of(provider, key) {
    return new Account(this._call, provider, key);
  }
}

/**
 * Which deliveries.
 *
 * @typedef {{ provider?: ProviderName, event?: string, job?: string, url?: string,
 *   outcome?: 'pending' | 'delivered' | 'given_up' }} DeliveryFilter
 */

/** The webhooks and other outgoing calls of a sandbox. */
class Deliveries {
  /** @param {Call} call */
  constructor(call) {
    this._call = call;
  }

  /**
   * Return the deliveries with every attempt, newest first.
   *
   * @param {DeliveryFilter & { limit?: number }} [filter]
   * @returns {Promise<import('../types/control.js').DeliveryView[]>}
   */
  async list(filter = {}) {
    return (await this._call('GET', '/deliveries', { query: filter })).deliveries;
  }

  /**
   * Wait until a delivery has ended, and return it. Throws an error if none has ended after the timeout.
   *
   * @param {DeliveryFilter & { timeout?: string }} [filter] `timeout` is a duration of real time, `5s` by default and at
   *   most `59s`
   * @returns {Promise<import('../types/control.js').DeliveryView>}
   */
  async wait({ timeout = '5s', ...filter } = {}) {
    const { deliveries } = await this._call('GET', '/deliveries', { query: { ...filter, wait: timeout } });
    const ended = deliveries.find((/** @type {{ outcome: string }} */ each) => each.outcome !== 'pending');
    if (ended) return ended;
    const wanted = Object.values(filter).join(' ');
    throw new MockServerError(
      `no delivery${wanted && ` of ${wanted}`} has ended after ${timeout}; ${deliveries.length} pending. ` +
        'Has the account a webhook, and does the clock move?',
    );
  }

  /**
   * Send a delivery once more.
   *
   * @param {string} id
   * @param {string} [url] another receiver, for this attempt only
   * @returns {Promise<import('../types/control.js').Replayed>}
   */
  async replay(id, url) {
    return this._call('POST', `/deliveries/${encodeURIComponent(id)}/replay`, { body: url === undefined ? {} : { url } });
  }
}

module.exports = { Account, Accounts, Clock, Deliveries, Jobs };
