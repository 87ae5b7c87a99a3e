import { MockServer } from "./server.js";
import { MockServerError } from "./errors.js";
import { Sandbox } from "./sandbox.js";
import { start } from "./server.js";
import { connect } from "./server.js";
import { open } from "./server.js";
export { MockServer, MockServerError, Sandbox, start, connect, open };
