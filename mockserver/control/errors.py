"""The errors that operations of the control API report to the client."""

from collections.abc import Sequence


class ControlError(Exception):
    """An HTTP error with an explanation. `errors` lists every mistake in a document, each with its place."""

    def __init__(self, status: int, detail: str, errors: Sequence[str] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = list(errors)
