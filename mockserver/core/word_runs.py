"""Stretches: neighbouring rules that look for a word each in the same place, passed over at once when none occurs.

A scenario with many magic words would otherwise cost every request a look at every rule.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from mockserver.core.match import SUBJECT_MAX, Miss, Part, Rule, View


class Stretch(NamedTuple):
    """Rules whose one condition is that a word occurs at the same path; `words` and `misses` are in their order."""

    head: str
    names: tuple[str, ...]
    words: tuple[str, ...]
    rules: tuple[Rule, ...]
    misses: tuple[Miss, ...]

    def taken(self, view: View, misses: list[Miss]) -> Iterable[Rule]:
        """The rules whose word occurs, one by one; those that are passed over are noted in `misses`."""
        if not self._occurs(view.find(self.head, self.names)):
            misses.extend(self.misses)
            return ()
        return (taken for rule in self.rules for taken in rule.taken(view, misses))

    def _occurs(self, value: Any) -> bool:
        """False when none of the words can be in `value`; lists are left to the rules themselves."""
        if not isinstance(value, str):
            return isinstance(value, list)
        subject = value[:SUBJECT_MAX]
        return any([word in subject for word in self.words])  # noqa: C419 - a list is twice as fast here


def arrange(rules: Sequence[Rule]) -> tuple[Part, ...]:
    """The rules in their order, with each run of two or more that look for words in one place made a stretch."""
    return tuple(_parts(rules))


def _parts(rules: Sequence[Rule]) -> Iterator[Part]:
    for place, run in groupby(rules, _place):
        together = tuple(run)
        if place is None or len(together) < 2:
            yield from together
        else:
            words = tuple(rule.checks[0].word or "" for rule in together)
            misses = tuple(Miss(rule.name, rule.checks[0].tests[0][0]) for rule in together)
            yield Stretch(*place, words, together, misses)


def _place(rule: Rule) -> tuple[str, tuple[str, ...]] | None:
    if len(rule.checks) != 1 or rule.checks[0].word is None:
        return None
    return rule.checks[0].head, rule.checks[0].names
