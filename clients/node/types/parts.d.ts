/**
 * A request to the control API of a sandbox.
 */
export type Call = (method: string, target: string, options?: {
    query?: import("./connection.js").Query;
    body?: unknown;
}) => Promise<any>;
export type ProviderName = import("../types/control.js").ProviderName;
/**
 * A duration: text such as `15s`, `500ms` or `1m30s`, or a number of seconds.
 */
export type Duration = string | number;
/**
 * Which deliveries.
 */
export type DeliveryFilter = {
    provider?: ProviderName;
    event?: string;
    job?: string;
    url?: string;
    outcome?: "pending" | "delivered" | "given_up";
};
/** The account of an API key. */
export class Account {
    /**
     * @param {Call} call
     * @param {ProviderName} provider
     * @param {string} key
     */
    constructor(call: Call, provider: ProviderName, key: string);
    _call: Call;
    _target: string;
    _query: {
        provider: import("../types/control.js").ProviderName;
    };
    /**
     * Return the account: its plan, credits, limits, webhook and the changes of its credits.
     *
     * @returns {Promise<import('../types/control.js').AccountView>}
     */
    read(): Promise<import("../types/control.js").AccountView>;
    /**
     * Change the account. What is left out stays.
     *
     * @param {import('../types/control.js').AccountChange} change such as `{ credits: 3, webhook: { url, secret } }`
     * @returns {Promise<import('../types/control.js').AccountView>}
     */
    change(change: import("../types/control.js").AccountChange): Promise<import("../types/control.js").AccountView>;
}
/** The accounts of a sandbox. */
export class Accounts {
    /** @param {Call} call */
    constructor(call: Call);
    _call: Call;
    /**
     * @param {ProviderName} provider
     * @param {string} key
     */
    of(provider: ProviderName, key: string): Account;
}
/**
 * A request to the control API of a sandbox.
 *
 * @typedef {(method: string, target: string, options?: { query?: import('./connection.js').Query, body?: unknown })
 *   => Promise<any>} Call
 */
/** @typedef {import('../types/control.js').ProviderName} ProviderName */
/** A duration: text such as `15s`, `500ms` or `1m30s`, or a number of seconds. @typedef {string | number} Duration */
/** The clock of a sandbox. */
export class Clock {
    /** @param {Call} call */
    constructor(call: Call);
    _call: Call;
    /**
     * Return the clock: its time, its mode and its next event.
     *
     * @returns {Promise<import('../types/control.js').ClockView>}
     */
    read(): Promise<import("../types/control.js").ClockView>;
    /** Return the time of the sandbox. */
    now(): Promise<Date>;
    /**
     * Move the clock forward. Everything that falls due is done before the promise is fulfilled, webhooks too.
     *
     * @param {Duration} duration
     */
    advance(duration: Duration): Promise<import("../types/control.js").ClockMoved>;
    /** Move the clock to the next event, such as the end of a job's step or the next attempt of a webhook. */
    next(): Promise<import("../types/control.js").ClockMoved>;
    /**
     * Move the clock until a job has ended.
     *
     * @param {string} job its id
     */
    until(job: string): Promise<import("../types/control.js").ClockMoved>;
    /**
     * Change how the clock runs.
     *
     * @param {'real' | 'scaled' | 'manual' | 'auto'} mode
     * @param {number} [speed] of `scaled`: how many times faster than real time
     */
    mode(mode: "real" | "scaled" | "manual" | "auto", speed?: number): Promise<import("../types/control.js").ClockMoved>;
    /**
     * @param {import('../types/control.js').ClockChange} body
     * @returns {Promise<import('../types/control.js').ClockMoved>}
     */
    _change(body: import("../types/control.js").ClockChange): Promise<import("../types/control.js").ClockMoved>;
}
/**
 * Which deliveries.
 *
 * @typedef {{ provider?: ProviderName, event?: string, job?: string, url?: string,
 *   outcome?: 'pending' | 'delivered' | 'given_up' }} DeliveryFilter
 */
/** The webhooks and other outgoing calls of a sandbox. */
export class Deliveries {
    /** @param {Call} call */
    constructor(call: Call);
    _call: Call;
    /**
     * Return the deliveries with every attempt, newest first.
     *
     * @param {DeliveryFilter & { limit?: number }} [filter]
     * @returns {Promise<import('../types/control.js').DeliveryView[]>}
     */
    list(filter?: DeliveryFilter & {
        limit?: number;
    }): Promise<import("../types/control.js").DeliveryView[]>;
    /**
     * Wait until a delivery has ended, and return it. Throws an error if none has ended after the timeout.
     *
     * @param {DeliveryFilter & { timeout?: string }} [filter] `timeout` is a duration of real time, `5s` by default and at
     *   most `59s`
     * @returns {Promise<import('../types/control.js').DeliveryView>}
     */
    wait({ timeout, ...filter }?: DeliveryFilter & {
        timeout?: string;
    }): Promise<import("../types/control.js").DeliveryView>;
    /**
     * Send a delivery once more.
     *
     * @param {string} id
     * @param {string} [url] another receiver, for this attempt only
     * @returns {Promise<import('../types/control.js').Replayed>}
     */
    replay(id: string, url?: string): Promise<import("../types/control.js").Replayed>;
}
/** The jobs of a sandbox, of all providers. */
export class Jobs {
    /** @param {Call} call */
    constructor(call: Call);
    _call: Call;
    /**
     * Return the jobs, newest first.
     *
     * @param {{ provider?: ProviderName, status?: string, limit?: number }} [filter]
     * @returns {Promise<import('../types/control.js').JobView[]>}
     */
    list(filter?: {
        provider?: ProviderName;
        status?: string;
        limit?: number;
    }): Promise<import("../types/control.js").JobView[]>;
    /**
     * Return a job.
     *
     * @param {string} id
     * @returns {Promise<import('../types/control.js').JobView>}
     */
    get(id: string): Promise<import("../types/control.js").JobView>;
    /**
     * Force a status, with an `error` or a provider's `code` if it is `failed`; hold a job, or release a held step.
     *
     * @param {string} id
     * @param {import('../types/control.js').JobChange} change such as `{ status: 'failed', error: 'the prompt was refused' }`
     * @returns {Promise<import('../types/control.js').JobView>}
     */
    change(id: string, change: import("../types/control.js").JobChange): Promise<import("../types/control.js").JobView>;
}
