"""Finds rules that can never win, because an earlier rule matches all their requests."""

from mockserver.core.match import Rule, key_matches


def shadows(rules: tuple[Rule, ...]) -> dict[str, str]:
    """Return the rules that can never win, each with the earlier rule that matches all its requests.

    Only certain cases are reported: the earlier rule takes every match, covers at least the same operations, and has
    no condition that the later rule does not have.
    """
    shadowed: dict[str, str] = {}
    for i, late in enumerate(rules):
        for early in rules[:i]:
            if not early.counted and _covers(early, late):
                shadowed[late.name] = early.name
                break
    return shadowed


def _covers(early: Rule, late: Rule) -> bool:
    operations = all(any(_pattern_covers(e, p) for e in early.operations) for p in late.operations)
    conditions = {text for check in late.checks for text in check.texts}
    return operations and all(text in conditions for check in early.checks for text in check.texts)


def _pattern_covers(wide: str, narrow: str) -> bool:
    # A star in the narrow pattern counts as an ordinary character, which only a star in the wide pattern matches.
    return key_matches(wide, narrow)
