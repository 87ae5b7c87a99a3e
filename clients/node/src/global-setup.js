'use strict';

const { start } = require('./server.js');

/**
 * `globalSetup` of Vitest and Jest: start one server for the whole run, unless `MOCKSERVER_URL` names one.
 *
 * The workers find it in `MOCKSERVER_URL` and `MOCKSERVER_TOKEN`. It stops at the end of the run.
 *
 * @returns {Promise<() => Promise<void>>} the function that stops it, which Vitest calls; with Jest it stops with the
 *   process
 */
async function setup() {
  if (process.env.MOCKSERVER_URL) return async () => {};
  const server = await start();
  process.env.MOCKSERVER_URL = server.url;
  process.env.MOCKSERVER_TOKEN = server.token;
  return async () => {
    delete process.env.MOCKSERVER_URL;
    delete process.env.MOCKSERVER_TOKEN;
    await server.stop();
  };
}

module.exports = setup;
