'use strict';

/** Something that the server has refused, or that kept it from starting. */
class MockServerError extends Error {
  /**
   * @param {string} message
   * @param {number} [status] the HTTP status of the refusal
   */
  constructor(message, status) {
    super(message);
    this.name = 'MockServerError';
    this.status = status;
  }
}

module.exports = { MockServerError };
