"""What a sandbox that several processes share is, apart from its store: scenario, seed, clock, generation and coverage.

A running clock is shared as an instant and the time of the machine at which it was set.
"""

from typing import Any
from weakref import WeakKeyDictionary

from mockserver.clock import Clock, wall_ms
from mockserver.sandbox.sandbox import Sandbox
from mockserver.sandbox.shared_scenarios import SharedScenarios
from mockserver.store.valkey.store import Facts, News, ValkeyStore


class SharedFacts:
    """The facts of the sandboxes of one process, as plain data, and taking on those of other processes."""

    def __init__(self, scenarios: SharedScenarios) -> None:
        self._scenarios = scenarios
        # The clock of each sandbox, as it was when it was set.
        self._clocks: WeakKeyDictionary[Sandbox, Facts] = WeakKeyDictionary()

    def of(self, sandbox: Sandbox) -> Facts:
        """Return what is shared of a sandbox, as plain data."""
        return {
            **sandbox.facts(),
            "scenario": self._scenarios.digest(sandbox.program),
            "programs": {str(number): self._scenarios.digest(each) for number, each in sandbox.programs.items()},
            "clock": self._clocks[sandbox],
            "tally_clears": sandbox.tally.clears,
        }

    def follow_clock(self, sandbox: Sandbox, store: ValkeyStore) -> None:
        """Share the clock of a sandbox from now on."""
        self._clocks[sandbox] = _clock_facts(sandbox.clock)
        sandbox.clock.on_change = lambda: self._clock_changed(sandbox, store)

    def _clock_changed(self, sandbox: Sandbox, store: ValkeyStore) -> None:
        self._clocks[sandbox] = _clock_facts(sandbox.clock)
        store.note_facts()

    async def take_on(self, sandbox: Sandbox, news: News) -> None:
        """Make the changes of other processes to the sandbox itself."""
        if news.facts:
            await self._take_on_facts(sandbox, news.facts)
        if news.tally is not None:
            clears = sandbox.tally.clears
            sandbox.tally.clear()
            sandbox.tally.clears = clears
            sandbox.tally.add_data(news.tally)
        for entry in news.entries:
            if entry.kind == "request":
                sandbox.tally.request(entry)
            elif entry.kind == "delivery":
                sandbox.tally.delivery(entry)
        clock = sandbox.clock
        if news.entries and clock.rate and (latest := news.entries[-1].written_at) > clock.now():
            clock.follow(clock.mode, clock.speed, latest)
        sandbox.courier.changed_elsewhere()

    async def _take_on_facts(self, sandbox: Sandbox, facts: Facts) -> None:
        if facts["scenario"] != self._scenarios.digest(sandbox.program) or facts["activations"] != sandbox.activations:
            program = await self._scenarios.program(facts["scenario"])
            sandbox.own_seed = facts["seed"]
            sandbox.load_program(program)
        is_reset = facts["first_generation"] != sandbox.first_generation
        if is_reset or facts["generation"] != sandbox.generation or facts["started_at"] != sandbox.started_at:
            sandbox.clear_cache()
        sandbox.restore(facts)
        sandbox.programs = {int(n): await self._scenarios.program(digest) for n, digest in facts["programs"].items()}
        self._scenarios.note_kept(sandbox)
        if facts["clock"] != self._clocks[sandbox]:
            self._clocks[sandbox] = facts["clock"]
            sandbox.clock.follow(facts["clock"]["mode"], facts["clock"]["speed"], _instant(facts["clock"]))
        if facts["tally_clears"] != sandbox.tally.clears:
            sandbox.tally.clear()
            sandbox.tally.clears = facts["tally_clears"]
        if is_reset:
            sandbox.courier.drop()
            sandbox.clock.end_waits()


def _clock_facts(clock: Clock) -> dict[str, Any]:
    facts: dict[str, Any] = {"mode": clock.mode, "speed": clock.speed, "at": clock.now()}
    return {**facts, "wall": wall_ms()} if clock.rate else facts


def _instant(facts: Facts) -> int:
    """Return where a clock stands now."""
    if "wall" not in facts:
        return int(facts["at"])
    rate = facts["speed"] if facts["mode"] == "scaled" else 1.0
    return int(facts["at"] + (wall_ms() - facts["wall"]) * rate)
