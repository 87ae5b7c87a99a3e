export = setup;
/**
 * `globalSetup` of Vitest and Jest: start one server for the whole run, unless `MOCKSERVER_URL` names one.
 *
 * The workers find it in `MOCKSERVER_URL` and `MOCKSERVER_TOKEN`. It stops at the end of the run.
 *
 * @returns {Promise<() => Promise<void>>} the function that stops it, which Vitest calls; with Jest it stops with the
 *   process
 */
declare function setup(): Promise<() => Promise<void>>;
