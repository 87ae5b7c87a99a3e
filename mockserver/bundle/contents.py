"""What a bundle contains, once it has been read and checked."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from mockserver.core.accounts import KnownAccount, Origin
from mockserver.core.deliveries import Delivery
from mockserver.core.jobs import Job
from mockserver.core.journal import JournalEntry
from mockserver.settings import Settings
from mockserver.store.protocol import Credits
from mockserver.verdict.collect import Records

# The version of the format. It is raised when an older mockserver could no longer read a bundle.
FORMAT = 1


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class SavedClock(_Part):
    """The clock of the sandbox. Instants are milliseconds since the epoch. `began_at` is when its records begin."""

    mode: Literal["real", "scaled", "manual", "auto"]
    speed: float = Field(gt=0, le=1_000_000, allow_inf_nan=False)
    began_at: int = Field(ge=0, lt=2**53)
    now: int = Field(ge=0, lt=2**53)


class Options(_Part):
    """The options of the server on which replies depend."""

    strict: bool = False
    no_assumed: bool = False
    rule_header: bool = False
    additive: bool = False
    cors: bool = False
    public_url: str = Field(default="", max_length=2_000)


def options_of(settings: Settings) -> Options:
    """Return the options of a server on which replies depend."""
    return Options(**{name: getattr(settings, name) for name in Options.model_fields})


class Manifest(_Part):
    """The first thing that is read: what the bundle is of. `seed` is that of the sandbox, if it has one of its own."""

    mockserver_bundle: int = Field(ge=1)
    written_by: str = Field(max_length=100)
    sandbox: str = Field(pattern="^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")
    scenario: str = Field(max_length=500)
    seed: int | None = Field(default=None, ge=0, lt=2**63)
    generation: int = Field(default=0, ge=0, lt=2**53)
    clock: SavedClock
    options: Options = Options()
    own_receivers: tuple[str, ...] = Field(default=(), max_length=1_000)


class Bundle(NamedTuple):
    """A bundle. All keys and secrets in it are masked.

    `scenarios` are those that the sandbox has had, by the number of their activation. `accounts` are by their id,
    `provider:masked key`. Entries, jobs and deliveries are in order, the oldest first.
    """

    manifest: Manifest
    scenarios: Mapping[int, Mapping[str, Any]]
    accounts: Mapping[str, KnownAccount]
    entries: Sequence[JournalEntry]
    jobs: Sequence[Job]
    credits: Mapping[str, Credits]
    deliveries: Sequence[Delivery]

    @property
    def origin(self) -> Origin:
        """What a sandbox has to know that is made from this bundle."""
        return Origin(self.manifest.sandbox, self.accounts)

    @property
    def scenario(self) -> Mapping[str, Any]:
        """The scenario that the sandbox had in the end."""
        return self.scenarios[max(self.scenarios)]

    @property
    def records(self) -> Records:
        """What the verdict judges."""
        clock = self.manifest.clock
        own = self.manifest.own_receivers
        return Records(self.entries, self.jobs, self.credits, self.deliveries, clock.now, clock.mode, own)

    @property
    def first_number(self) -> int:
        """The number of the first entry; 1 unless older ones were dropped or the sandbox was cleared."""
        return min((entry.number for entry in self.entries if entry.number), default=1)
