"""What matching the rules of an operation can cost: the most steps, from the lengths of a request's values."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from mockserver.core.match import SUBJECT_MAX, Rule, View
from mockserver.core.patterns import STEPS_IN_LOOP, SUBJECT_BYTES, subject_bytes

# Searching two characters for a word takes at most as long as a step of a pattern.
_CHARACTERS_PER_STEP = 2


class Cost(NamedTuple):
    """The conditions on one value: the instructions of all patterns, and the number of words that are searched for."""

    head: str
    names: tuple[str, ...]
    instructions: int
    words: int

    @property
    def most(self) -> int:
        """The steps for the longest value."""
        return self._steps(SUBJECT_BYTES, SUBJECT_MAX)

    def steps(self, view: View) -> int:
        """Return the most steps for the value of a request."""
        value = view.find(self.head, self.names)
        return self._steps(subject_bytes(value), min(SUBJECT_MAX, len(value))) if isinstance(value, str) else 0

    def _steps(self, size: int, characters: int) -> int:
        return self.instructions * size + self.words * characters // _CHARACTERS_PER_STEP


def costs_of(rules: Iterable[Rule]) -> tuple[Cost, ...]:
    """Return what the conditions of `rules` cost, by value. Empty if that is little for every request."""
    instructions: Counter[tuple[str, tuple[str, ...]]] = Counter()
    words: Counter[tuple[str, tuple[str, ...]]] = Counter()
    for rule in rules:
        for check in rule.checks:
            place = check.head, check.names
            instructions[place] += check.pattern[1].size if check.pattern else 0
            words[place] += check.searched
    costs = [Cost(*place, instructions[place], words[place]) for place in instructions]
    if instructions.total() or sum(cost.most for cost in costs) > STEPS_IN_LOOP:
        return tuple(cost for cost in costs if cost.most)
    return ()


def total_steps(costs: Sequence[Cost], view: View) -> int:
    """Return the most steps that matching all rules can take."""
    return sum(cost.steps(view) for cost in costs)
