"""What a sandbox is: a scenario, a seed, a clock, and a store with its jobs, credits, deliveries and journal."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from mockserver.clock import Clock, Mode, parse_rfc3339
from mockserver.core.accounts import Account, Accounts, Tariff
from mockserver.core.compile import Program
from mockserver.core.plans import Plan
from mockserver.core.scenario import ClockSpec
from mockserver.core.seeded import Seeded
from mockserver.coverage.tally import Tally
from mockserver.store.protocol import Store

KEPT_MEMOS = 4_096
# The clock where nobody chooses one. Constructed, not validated: a start would build the validators for it alone.
_REAL = ClockSpec.model_construct()

T = TypeVar("T")


class SandboxState:
    """One isolated world. Everything that changes is in its store; what else is here is fixed or derived.

    The tally is the exception, which says why. `unsaid` are rows of the ledger that nothing may rest on.
    """

    program: Program
    seed: int
    seeded: Seeded
    began: int

    def __init__(
        self,
        name: str,
        program: Program,
        store: Store,
        tariffs: Mapping[str, Tariff],
        seed: int | None = None,
        clock: ClockSpec | None = None,
        unsaid: frozenset[str] = frozenset(),
    ) -> None:
        self.name = name
        self.unsaid = unsaid
        self.store = store
        self.tally = Tally()
        self.clock = _clock(clock or program.source.clock or _REAL)
        self._tariffs = tariffs
        self._given_seed = seed
        self._memo: dict[tuple[Any, ...], Any] = {}
        self._plans: dict[str, tuple[Plan, Plan, tuple[int, ...]]] = {}
        self.follow(program)

    def follow(self, program: Program) -> None:
        """Follow another scenario from now on. Jobs that began keep their plans; the clock stays as it is."""
        self.program = program
        seed = self._given_seed if self._given_seed is not None else program.source.seed
        self.seed = 0 if seed is None else seed
        self.seeded = Seeded(self.seed, self.name)
        self._spreads = self.seeded.prefixed("plan", size=8)
        self.began = self.clock.now()
        self._accounts = Accounts(program, self._tariffs)
        self._memo.clear()
        self._plans.clear()

    def option(self, provider: str, name: str, default: Any = None) -> Any:
        """A provider's option in this scenario."""
        return self.program.options.get(provider, {}).get(name, default)

    def plan_for(self, work: str, name: str | None) -> Plan:
        """The plan of that name for a job or other work, its spreads resolved by the name of the work.

        What does not vary in it is resolved once and shared.
        """
        plan = self.program.plan(name)
        found = self._plans.get(plan.name)
        if found is None or found[0] is not plan:
            found = self._plans[plan.name] = (plan, plan.resolved(lambda step: 0.5), plan.varying)
        _, settled, varying = found
        return settled.resolved(lambda step: self._spreads.unit(work, step), varying) if varying else settled

    def memo(self, key: tuple[Any, ...], make: Callable[[], T]) -> T:
        """A value that is a pure function of `key` in this world, kept so that polls do not make it again."""
        found = self._memo.get(key)
        if found is None:
            if len(self._memo) >= KEPT_MEMOS:
                self._memo.pop(next(iter(self._memo)))
            found = self._memo[key] = make()
        return found

    def forget_memos(self) -> None:
        """Make every value of `memo` anew."""
        self._memo.clear()

    async def account(self, provider: str, key: str, now: int) -> Account | None:
        """The account of an API key, or None when the scenario knows no such key."""
        changed = await self.store.get_value("account", f"{provider}:{key}", now)
        found = self._accounts[provider, key]
        return found if changed is None or found is None else self._accounts.with_change(found, changed)


def _clock(spec: ClockSpec) -> Clock:
    mode: Mode = spec.mode
    start = None if spec.start is None else parse_rfc3339(spec.start)
    return Clock(mode, spec.speed, start)
