"""Word runs: neighbouring rules that each look for one word in the same value. If no word occurs, all are skipped.

Without them a scenario with many magic words would have to test every rule for every request.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from mockserver.core.match import SUBJECT_MAX, Miss, Rule, RuleGroup, View


class WordRun(NamedTuple):
    """Rules whose only condition is that a word occurs in the same value. `words` and `misses` have the same order."""

    head: str
    names: tuple[str, ...]
    words: tuple[str, ...]
    rules: tuple[Rule, ...]
    misses: tuple[Miss, ...]

    def taken(self, view: View, misses: list[Miss]) -> Iterable[Rule]:
        """Yield the rules whose word occurs, and add the others to `misses`."""
        if not self._occurs(view.find(self.head, self.names)):
            misses.extend(self.misses)
            return ()
        return (match for rule in self.rules for match in rule.taken(view, misses))

    def _occurs(self, value: Any) -> bool:
        """Return False if none of the words can be in `value`. Lists are tested by the rules themselves."""
        if not isinstance(value, str):
            return isinstance(value, list)
        subject = value[:SUBJECT_MAX]
        return any([word in subject for word in self.words])  # noqa: C419 - a list is twice as fast here


def arrange(rules: Sequence[Rule]) -> tuple[RuleGroup, ...]:
    """Return the rules in their order, with each run of two or more rules about words in one value as a WordRun."""
    return tuple(_groups(rules))


def _groups(rules: Sequence[Rule]) -> Iterator[RuleGroup]:
    for place, run in groupby(rules, _place):
        together = tuple(run)
        if place is None or len(together) < 2:
            yield from together
        else:
            words = tuple(rule.checks[0].word or "" for rule in together)
            misses = tuple(Miss(rule.name, rule.checks[0].tests[0][0]) for rule in together)
            yield WordRun(*place, words, together, misses)


def _place(rule: Rule) -> tuple[str, tuple[str, ...]] | None:
    if len(rule.checks) != 1 or rule.checks[0].word is None:
        return None
    return rule.checks[0].head, rule.checks[0].names
