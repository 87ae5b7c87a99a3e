// Takes a Node program to the sandbox: connections to the providers' hosts go to the proxy on this machine.
//
// Node's fetch has no proxy support before 22.21, and its https module none at all by itself. Whatever a program
// connects with (fetch, https, undici, axios, got), it ends in net.Socket's connect: there the address is exchanged,
// and nothing else. The name that TLS checks stays what the program asked for.
'use strict';

const net = require('node:net');
const tls = require('node:tls');

const told = process.env.MOCKSERVER_INTERCEPT;
if (told) intercept(JSON.parse(told));

function intercept({ hosts, plain, secure, external }) {
  const known = new Set(hosts);
  const connect = net.Socket.prototype.connect;

  net.Socket.prototype.connect = function (...args) {
    // net.connect hands over one array, [options, callback]; others call with options, or with port and host.
    const list = Array.isArray(args[0]) ? args[0] : args;
    const asked = wanted(list);
    if (!asked || isLoopback(asked.host)) return connect.apply(this, args);
    if (known.has(asked.host)) {
      const inTheClear = asked.port === 80 && !(this instanceof tls.TLSSocket);
      redirect(list, inTheClear ? plain : secure);
    } else if (!external && (asked.port === 80 || asked.port === 443)) {
      const error = new Error(
        `mockserver: refused: ${asked.host}:${asked.port} is not a provider's host; --allow-external lets it through`,
      );
      process.nextTick(() => this.destroy(Object.assign(error, { code: 'ECONNREFUSED' })));
      return this;
    }
    return connect.apply(this, args);
  };
}

function wanted(list) {
  const first = list[0];
  const options = typeof first === 'object' && first !== null ? first : { port: first, host: list[1] };
  if (options.path || !Number(options.port)) return null; // a local socket, or nonsense that Node itself refuses
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
