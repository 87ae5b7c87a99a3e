export type ProviderName = import("../types/control.js").ProviderName;
export type FaultSpec = import("../types/control.js").FaultSpec;
export type Scenario = import("../types/control.js").Scenario;
export type Connection = import("./connection.js").Connection;
/**
 * What a sandbox starts with.
 */
export type SandboxOptions = {
    /**
     * default: any that is free
     */
    name?: string | undefined;
    /**
     * the name of a scenario, the path of a YAML file, or a scenario as an object
     * (default: the server's)
     */
    scenario?: string | import("../types/control.js").Scenario | undefined;
    /**
     * default: the scenario's
     */
    seed?: number | undefined;
    /**
     * default: `auto`, which jumps to the next event whenever no
     * request is in progress, so that nothing has to wait
     */
    clock?: "auto" | "real" | "scaled" | "manual" | undefined;
    /**
     * how many times faster than real a `scaled` clock is
     */
    speed?: number | undefined;
};
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
export class Sandbox {
    /**
     * @param {Connection} connection
     * @param {SandboxOptions} options
     * @returns {Promise<Sandbox>}
     */
    static create(connection: Connection, { name, scenario, seed, clock, speed }: SandboxOptions): Promise<Sandbox>;
    /**
     * @param {Connection} connection
     * @returns {Promise<Sandbox>}
     */
    static default(connection: Connection): Promise<Sandbox>;
    /**
     * @param {Connection} connection
     * @param {import('../types/control.js').SandboxView} view
     */
    constructor(connection: Connection, view: import("../types/control.js").SandboxView);
    _connection: import("./connection.js").Connection;
    _control: string;
    /** The name of the sandbox. Requests with a key that contains `sbx-NAME` use it. */
    name: string;
    /** The number that fixes everything that looks random. */
    seed: number;
    /** The base URL of each provider, to use instead of the one in its documentation. */
    urls: Record<import("../types/control.js").ProviderName, string>;
    /** An API key of each provider. It selects the sandbox at any URL of the server. */
    keys: Record<import("../types/control.js").ProviderName, string>;
    clock: Clock;
    jobs: Jobs;
    deliveries: Deliveries;
    _accounts: Accounts;
    /**
     * Return the base URL of a provider, or with `path` the URL of that path at the root of the provider's host.
     *
     * @param {ProviderName} provider
     * @param {string} [path] such as `/oauth/token`
     * @returns {string}
     */
    url(provider: ProviderName, path?: string): string;
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
    key(provider: ProviderName, kind?: string): string;
    /**
     * Return environment variables for an application: `VIDEOTOPROMPT_BASE_URL`, `VIDEOTOPROMPT_API_KEY` and so on.
     *
     * @param {...ProviderName} providers default: all
     * @returns {Record<string, string>}
     */
    env(...providers: ProviderName[]): Record<string, string>;
    /**
     * Switch to another scenario. Existing jobs keep their plans.
     *
     * @param {string | Scenario} scenario a name, the path of a YAML file, or a scenario as an object
     * @returns {Promise<import('../types/control.js').ScenarioUsed>}
     */
    use(scenario: string | Scenario): Promise<import("../types/control.js").ScenarioUsed>;
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
    fault(operation: import("../types/control.js").OperationName | (string & {}), fault: import("../types/control.js").FaultKind | (string & {}) | FaultSpec, { times, key }?: {
        times?: number;
        key?: string;
    }): Promise<import("../types/control.js").ArmedFaultView>;
    /**
     * Return the faults that wait for a request.
     *
     * @returns {Promise<import('../types/control.js').ArmedFaultView[]>}
     */
    faults(): Promise<import("../types/control.js").ArmedFaultView[]>;
    /**
     * Let every reply go on that a `stall` with `held: true` has stopped, and return how many there were.
     *
     * @returns {Promise<number>}
     */
    resume(): Promise<number>;
    /**
     * Return the account of a key, by default of `key(provider)`.
     *
     * @param {ProviderName} provider
     * @param {string} [key]
     */
    account(provider: ProviderName, key?: string): import("./parts.js").Account;
    /**
     * Return what happened in the sandbox, newest first: requests, status changes of jobs, deliveries, changes.
     *
     * @param {{ provider?: ProviderName, operation?: string, status?: number, job?: string, kind?: string, limit?: number }}
     *   [filter]
     * @returns {Promise<import('../types/control.js').EntryView[]>}
     */
    journal(filter?: {
        provider?: ProviderName;
        operation?: string;
        status?: number;
        job?: string;
        kind?: string;
        limit?: number;
    }): Promise<import("../types/control.js").EntryView[]>;
    /**
     * Return the requests of an operation, oldest first.
     *
     * @param {import('../types/control.js').OperationName | (string & {})} [operation]
     * @returns {Promise<import('../types/control.js').EntryView[]>}
     */
    requests(operation?: import("../types/control.js").OperationName | (string & {})): Promise<import("../types/control.js").EntryView[]>;
    /**
     * Return what the client did wrong, such as paying twice after a lost reply, or polling too fast.
     *
     * @param {{ allow?: string[], deny?: string[], severity?: string[], longest_poll?: string }} [policy] rules to ignore, to
     *   treat as errors, and severities as `rule=note`
     * @returns {Promise<import('../types/control.js').VerdictView>}
     */
    verdict(policy?: {
        allow?: string[];
        deny?: string[];
        severity?: string[];
        longest_poll?: string;
    }): Promise<import("../types/control.js").VerdictView>;
    /**
     * Throw an error with every finding of the verdict that is at least as severe as `failOn`.
     *
     * @param {{ allow?: string[], deny?: string[], severity?: string[], longest_poll?: string,
     *   failOn?: 'error' | 'warning' | 'note' }} [policy] `failOn` is `warning` by default
     * @returns {Promise<import('../types/control.js').VerdictView>} the verdict, if there is no such finding
     */
    judge({ failOn, ...policy }?: {
        allow?: string[];
        deny?: string[];
        severity?: string[];
        longest_poll?: string;
        failOn?: "error" | "warning" | "note";
    }): Promise<import("../types/control.js").VerdictView>;
    /**
     * Return which simulated behaviours the client has caused in this sandbox.
     *
     * @returns {Promise<import('../types/control.js').Coverage>}
     */
    coverage(): Promise<import("../types/control.js").Coverage>;
    /**
     * Save everything that happened as a bundle, which `mockserver bundle` and `mockserver verdict` read.
     *
     * Keys and secrets in it are masked.
     *
     * @param {string} [file] default: `NAME.mock.zip` in the current directory
     * @returns {Promise<string>} the path of the file
     */
    bundle(file?: string): Promise<string>;
    /**
     * Clear the journal, the jobs, the counters, the credits, the armed faults, or all of them.
     *
     * @param {'journal' | 'jobs' | 'counters' | 'credits' | 'faults' | 'all'} [what]
     */
    reset(what?: "journal" | "jobs" | "counters" | "credits" | "faults" | "all"): Promise<void>;
    /** Delete the sandbox. One that has been deleted meanwhile is no error. */
    delete(): Promise<void>;
    /**
     * @param {string} method
     * @param {string} target
     * @param {{ query?: import('./connection.js').Query, body?: unknown, yaml?: string }} [options]
     */
    _call(method: string, target: string, options?: {
        query?: import("./connection.js").Query;
        body?: unknown;
        yaml?: string;
    }): Promise<any>;
    [Symbol.asyncDispose](): Promise<void>;
}
import { Clock } from "./parts.js";
import { Jobs } from "./parts.js";
import { Deliveries } from "./parts.js";
import { Accounts } from "./parts.js";
