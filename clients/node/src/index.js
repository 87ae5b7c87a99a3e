'use strict';

const { MockServerError } = require('./errors.js');
const { Sandbox } = require('./sandbox.js');
const { MockServer, start, connect, open } = require('./server.js');

module.exports = { MockServer, MockServerError, Sandbox, start, connect, open };
