"""The exception that the API for tests raises."""


class MockServerError(Exception):
    """A mistake in the use of mockserver, such as an unknown name, a scenario with errors, or a job that has ended."""
