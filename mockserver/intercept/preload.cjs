// Makes a Node program use the sandbox: connections to the providers' hosts go to the proxy on this machine.
//
// Node's fetch has no proxy support before 22.21, and its https module has none at all. All clients (fetch, https,
// undici, axios, got) use net.Socket's connect in the end, so only the address is replaced there. TLS still checks the
// name that the program uses.
'use strict';

const net = require('node:net');
const tls = require('node:tls');

const options = process.env.MOCKSERVER_INTERCEPT;
if (options) intercept(JSON.parse(options));

function intercept({ hosts, plain, secure, external }) {
  const intercepted = new Set(hosts);
  const connect = net.Socket.prototype.connect;

  net.Socket.prototype.connect = function (...args) {
    // net.connect passes one array, [options, callback]; others pass options, or port and host.
    const list = Array.isArray(args[0]) ? args[0] : args;
    const destination = destinationOf(list);
    if (!destination || isLoopback(destination.host)) return connect.apply(this, args);
    const { host, port } = destination;
    if (intercepted.has(host)) {
      const unencrypted = port === 80 && !(this instanceof tls.TLSSocket);
      redirect(list, unencrypted ? plain : secure);
    } else if (!external && (port === 80 || port === 443)) {
      const hint = 'use --allow-external to allow other hosts';
      const error = new Error(`mockserver: refused: ${host}:${port} is not a provider's host; ${hint}`);
      process.nextTick(() => this.destroy(Object.assign(error, { code: 'ECONNREFUSED' })));
      return this;
    }
    return connect.apply(this, args);
  };
}

function destinationOf(list) {
  const first = list[0];
  const options = typeof first === 'object' && first !== null ? first : { port: first, host: list[1] };
  if (options.path || !Number(options.port)) return null; // a local socket, or invalid options that Node itself refuses
  const host = typeof options.host === 'string' ? options.host : 'localhost';
  return { host: host.toLowerCase().replace(/\.$/, ''), port: Number(options.port) };
}

function redirect(list, port) {
  if (typeof list[0] === 'object') {
    list[0] = { ...list[0], host: '127.0.0.1', port, localAddress: undefined };
  } else {
    list[0] = port;
    if (typeof list[1] === 'string') list[1] = '127.0.0.1';
  }
}

function isLoopback(host) {
  return host === 'localhost' || host.endsWith('.localhost') || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
