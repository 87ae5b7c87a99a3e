"""Rules that can never win, because an earlier one takes all their requests."""

from mockserver.core.match import Rule, key_matches


def shadows(rules: tuple[Rule, ...]) -> dict[str, str]:
    """The rules that can never win, each with the earlier rule that takes all its requests.

    Found where it is certain: an earlier rule that takes every match, over the same operations or more, whose
    conditions are a part of the later rule's own.
    """
    found: dict[str, str] = {}
    for i, late in enumerate(rules):
        for early in rules[:i]:
            if not early.counted and _wider(early, late):
                found[late.name] = early.name
                break
    return found


def _wider(early: Rule, late: Rule) -> bool:
    operations = all(any(_pattern_covers(e, p) for e in early.operations) for p in late.operations)
    spelled = {text for check in late.checks for text, _ in check.tests}
    return operations and all(text in spelled for check in early.checks for text, _ in check.tests)


def _pattern_covers(wide: str, narrow: str) -> bool:
    # A star in the narrow pattern is a character like any other here, which the wide pattern's star must cover.
    return key_matches(wide, narrow)
