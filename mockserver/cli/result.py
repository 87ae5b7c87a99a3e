"""One result of `mockserver doctor`."""

from typing import Literal, NamedTuple

Status = Literal["ok", "warning", "problem"]


class Result(NamedTuple):
    """One line of the report. `advice` says what to do; it is empty if there is nothing to do."""

    status: Status
    subject: str
    text: str
    advice: str = ""
