"""The types of what providers declare for the verdict. A start loads only these, and not the facts."""

from typing import Literal, NamedTuple

# What an operation is for. `submit` creates a job or does paid work, `poll` reads the state of jobs, `list` reads many
# jobs, `asset` sends a file of a result.
Role = Literal["submit", "poll", "list", "asset", "other"]


class Advised(NamedTuple):
    """A duration that a provider's documentation names, and the ledger row that says so (without the provider)."""

    ms: int
    row: str
