export type Query = Record<string, string | number | boolean | readonly string[] | null | undefined>;
/** @typedef {Record<string, string | number | boolean | readonly string[] | null | undefined>} Query */
/**
 * Requests to the control API of a server.
 *
 * They use `node:http` and not `fetch`, which tests replace, and which some test environments do not have.
 */
export class Connection {
    /**
     * @param {string} url the URL of the server
     * @param {string} [token] the token of its control API
     */
    constructor(url: string, token?: string);
    url: string;
    token: string;
    module: typeof https | typeof http;
    agent: http.Agent;
    /**
     * Send a request, and return the JSON of its reply; undefined if the reply is empty.
     *
     * @param {string} method
     * @param {string} path
     * @param {{ query?: Query, body?: unknown, yaml?: string }} [options]
     * @returns {Promise<any>}
     */
    call(method: string, path: string, options?: {
        query?: Query;
        body?: unknown;
        yaml?: string;
    }): Promise<any>;
    /**
     * Send a request, and return the body of its reply.
     *
     * @param {string} method
     * @param {string} path
     * @param {{ query?: Query, body?: unknown, yaml?: string }} [options]
     * @returns {Promise<Buffer>}
     */
    bytes(method: string, path: string, { query, body, yaml }?: {
        query?: Query;
        body?: unknown;
        yaml?: string;
    }): Promise<Buffer>;
    /**
     * @param {string} method
     * @param {string} path
     * @param {string | undefined} content
     * @param {string} type
     * @returns {Promise<{ status: number, content: Buffer }>}
     */
    _send(method: string, path: string, content: string | undefined, type: string): Promise<{
        status: number;
        content: Buffer;
    }>;
    /** Close idle connections. */
    close(): void;
}
import https = require("node:https");
import http = require("node:http");
