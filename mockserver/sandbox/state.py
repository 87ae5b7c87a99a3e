"""The state of a sandbox: a scenario, a seed, a clock, and a store of jobs, credits, deliveries and the journal."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from mockserver.clock import Clock, Mode, parse_rfc3339
from mockserver.core.accounts import Account, Accounts, Marks, Origin, Tariff
from mockserver.core.compile import Program
from mockserver.core.faults import Fault
from mockserver.core.kept import KEPT_KEY, kept_key
from mockserver.core.plans import Plan
from mockserver.core.scenario import ClockSpec, TamperingSpec
from mockserver.core.seeded import Seeded
from mockserver.coverage.tally import Tally
from mockserver.store.protocol import Store

MAX_CACHED = 4_096
# How many of the scenarios that a sandbox has had are remembered, for bundles.
MAX_SCENARIOS = 20
# The default clock. Constructed without validation, because only that would make a start build the validators.
_REAL = ClockSpec.model_construct()

T = TypeVar("T")
# Return the fault of a request, by its operation and path parameters; None leaves it to the scenario.
Inject = Callable[[str, Mapping[str, str]], Fault | None]
# Return the tampering with a webhook, by its provider and event; None leaves it to the scenario.
InjectTampering = Callable[[str, str], TamperingSpec | None]


class SandboxState:
    """The state of one sandbox. Everything that changes is in its store; the rest is fixed or derived.

    The tally is an exception; see there. `disallowed_rows` are the ledger rows that no reply or event may rest on.

    `inject` and `inject_tampering` choose faults before the scenario does. A sweep sets them.

    `additive` has the names of the providers whose replies and webhooks change additively, and `sparse` of those that
    leave optional fields out (see `kit.additive`).

    `generation` begins at 0 and grows with each reset after which the ids of deliveries would recur, and with each
    sandbox of the same name that was deleted. Deliveries of generations before `first_generation` have been deleted.
    `activations` counts the scenarios so far: the matches of rules are counted for each separately. `jobs_submitted`
    counts the jobs so far, and `newest_cause` is the cause of the newest. `own_receivers` are the
    hosts and ports of receivers that belong to the sandbox and not to a client.

    For bundles: `opened_at` is when the sandbox was created or cleared, `programs` are its latest scenarios by the
    number of the activation, `marks` the marks of accounts, and `origin` the sandbox that a bundle was saved from.
    """

    program: Program
    seed: int
    seeded: Seeded
    started_at: int
    additive: frozenset[str]

    def __init__(
        self,
        name: str,
        program: Program,
        store: Store,
        tariffs: Mapping[str, Tariff],
        seed: int | None = None,
        clock: ClockSpec | None = None,
        disallowed_rows: frozenset[str] = frozenset(),
        generation: int = 0,
        additive: bool = False,
        origin: Origin | None = None,
        began_at: int | None = None,
    ) -> None:
        self.name = name
        self.origin = origin
        self.marks = Marks(origin.accounts if origin is not None else {})
        self.programs: dict[int, Program] = {}
        self._additive_server = additive
        self.sparse: frozenset[str] = frozenset()
        self.inject: Inject | None = None
        self.inject_tampering: InjectTampering | None = None
        self.disallowed_rows = disallowed_rows
        self.store = store
        self.generation = self.first_generation = generation
        self.activations = 0
        self.jobs_submitted = 0
        self.newest_cause = 0
        self.own_receivers: set[str] = set()
        # Identifies the journal of this sandbox among those of all servers and sandboxes of this name.
        self.journal_id = ""
        # Called when a fact of the sandbox itself has changed that no operation of the store shows.
        self.on_change: Callable[[], None] | None = None
        self.tally = Tally()
        self.clock = _clock(clock or program.source.clock or _REAL, began_at)
        self._tariffs = tariffs
        self.own_seed = seed
        self.opened_at = self.clock.now()
        self._cache: dict[tuple[Any, ...], Any] = {}
        self._plans: dict[str, tuple[Plan, Plan, tuple[int, ...]]] = {}
        self.load_program(program)

    def load_program(self, program: Program) -> None:
        """Use another scenario from now on. Existing jobs keep their plans, and the clock does not change."""
        self.program = program
        seed = self.own_seed if self.own_seed is not None else program.source.seed
        self.seed = 0 if seed is None else seed
        self.seeded = Seeded(self.seed, self.name if self.origin is None else self.origin.sandbox)
        self._spreads = self.seeded.prefixed("plan", size=8)
        self.started_at = self.clock.now()
        self.activations += 1
        self.programs[self.activations] = program
        if len(self.programs) > MAX_SCENARIOS:
            del self.programs[next(iter(self.programs))]
        self._accounts = Accounts(program, self._tariffs, None if self.origin is None else self.origin.accounts)
        self.additive = self._additive_providers()
        self._cache.clear()
        self._plans.clear()

    def facts(self) -> dict[str, Any]:
        """Return what a durable store keeps of the sandbox itself, as plain data, without its scenario and its time."""
        return {
            "seed": self.own_seed,
            "origin": None if self.origin is None else self.origin.data(),
            "opened_at": self.opened_at,
            "started_at": self.started_at,
            "generation": self.generation,
            "first_generation": self.first_generation,
            "activations": self.activations,
            "jobs_submitted": self.jobs_submitted,
            "newest_cause": self.newest_cause,
            "journal_id": self.journal_id,
        }

    def restore(self, facts: Mapping[str, Any]) -> None:
        """Take on the facts that a store has kept. The seed and the origin are arguments of the constructor.

        The scenarios before the latest are restored by the caller.
        """
        self.started_at = facts["started_at"]
        self.opened_at = facts.get("opened_at", self.started_at)
        self.generation, self.first_generation = facts["generation"], facts["first_generation"]
        self.activations = facts["activations"]
        self.programs = {self.activations: self.program}
        self.jobs_submitted, self.newest_cause = facts["jobs_submitted"], facts["newest_cause"]
        self.journal_id = facts["journal_id"]

    def leave_out_optional_fields(self) -> None:
        """Leave optional fields out of the replies and webhooks of all providers. A sweep does this."""
        self.sparse = frozenset(self._tariffs)

    def change_additively(self) -> None:
        """Change the replies and webhooks of all providers additively, unless the scenario says not to."""
        self._additive_server = True
        self.additive = self._additive_providers()

    def _additive_providers(self) -> frozenset[str]:
        """The option of a provider counts before that of the scenario, and the scenario's before the server's."""
        source = self.program.source
        every = self._additive_server if source.additive is None else source.additive
        own = {name: options.get("additive") for name, options in self.program.options.items()}
        return frozenset(name for name in self._tariffs if (every if own.get(name) is None else own[name]))

    def opening_credits(self, account_id: str) -> int | None:
        """Return the credits with which the scenario opens an account, in hundredths; None if they are unlimited.

        An account whose key the scenario rejects has none.
        """
        provider, _, key = account_id.partition(":")
        account = self._accounts[provider, key]
        return 0 if account is None else account.credits

    def option(self, provider: str, name: str, default: Any = None) -> Any:
        """Return a provider's option in this scenario."""
        return self.program.options.get(provider, {}).get(name, default)

    def plan_for(self, work: str, name: str | None) -> Plan:
        """Return the plan called `name` for a job or other work. The name of the work seeds the lengths of its steps.

        The steps of fixed length are resolved once and shared.
        """
        plan = self.program.plan(name)
        cached = self._plans.get(plan.name)
        if cached is None or cached[0] is not plan:
            cached = self._plans[plan.name] = (plan, plan.resolved(lambda step: 0.5), plan.varying)
        _, resolved, varying = cached
        return resolved.resolved(lambda step: self._spreads.unit(work, step), varying) if varying else resolved

    def cached(self, key: tuple[Any, ...], make: Callable[[], T]) -> T:
        """Return a value that depends only on `key` and this sandbox. It is cached, so that polls do not compute it."""
        value = self._cache.get(key)
        if value is None:
            if len(self._cache) >= MAX_CACHED:
                self._cache.pop(next(iter(self._cache)))
            value = self._cache[key] = make()
        return value

    def clear_tally(self) -> None:
        """Reset the coverage of this sandbox."""
        self.tally.clear()
        self.note_change()

    def note_change(self) -> None:
        """Note that a fact of the sandbox itself has changed that no operation of the store shows."""
        if self.on_change is not None:
            self.on_change()

    def clear_cache(self) -> None:
        """Drop all values of `cached`."""
        self._cache.clear()

    async def account(self, provider: str, key: str, now: int) -> Account | None:
        """Return the account of an API key, or None when the scenario rejects the key.

        A long key is kept as its beginning and a digest.
        """
        if len(key) > KEPT_KEY:
            key = kept_key(key)
        change = await self.store.get_value("account", f"{provider}:{key}", now)
        account = self._accounts[provider, key]
        return account if change is None or account is None else self._accounts.with_change(account, change)


def _clock(spec: ClockSpec, began_at: int | None) -> Clock:
    mode: Mode = spec.mode
    start = parse_rfc3339(spec.start) if began_at is None and spec.start is not None else began_at
    return Clock(mode, spec.speed, start)
