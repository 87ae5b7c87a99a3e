/** Something that the server has refused, or that kept it from starting. */
export class MockServerError extends Error {
    /**
     * @param {string} message
     * @param {number} [status] the HTTP status of the refusal
     */
    constructor(message: string, status?: number);
    status: number | undefined;
}
