"""What goes wrong when the server is asked for something that it cannot do."""


class MockServerError(Exception):
    """A request of a test that cannot be met: an unknown name, a scenario with mistakes, a job that has ended."""
