"""Which of a union's errors are worth telling: pydantic reports those of every member, and a person meant one."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from mockserver.source.model_paths import Finding, Fork, holds_parts
from mockserver.source.suggestions import clip, nearest, word_of

# What a value should have been, by the kind of the error which says that it is another kind of thing altogether.
SHAPES = {
    "string_type": "a text",
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float", "int_parsing_size"), "a whole number"),
    **dict.fromkeys(("float_type", "float_parsing", "decimal_type", "decimal_parsing"), "a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "true or false"),
    **dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type", "iterable_type"), "a list"),
    **dict.fromkeys(
        ("dict_type", "mapping_type", "model_type", "model_attributes_type", "dataclass_type"), "a mapping"
    ),
    "none_required": "nothing",
}
CHOICES = ("literal_error", "enum")


def settle(findings: list[Finding]) -> list[Finding]:
    """The errors of one member of each union: of the one that the value was most likely meant to be.

    Where no member takes a value of that kind, one finding remains, whose `expected` says what the members take.
    """
    # From the inside out, so that an outer union compares what its members' own unions came to.
    for depth in sorted({fork.depth for finding in findings for fork in finding.forks}, reverse=True):
        findings = _settle_at(findings, depth)
    return findings


def _settle_at(findings: list[Finding], depth: int) -> list[Finding]:
    settled: list[Finding] = []
    unions: dict[tuple[str | int, ...], dict[str | int, list[Finding]]] = defaultdict(lambda: defaultdict(list))
    for finding in findings:
        loc = finding.error["loc"]
        if _fork(finding, depth):
            unions[loc[:depth]][loc[depth]].append(finding)
        else:
            settled.append(finding)
    for members in unions.values():
        settled += _best(list(members.values()), depth)
    return settled


def _best(members: Sequence[list[Finding]], depth: int) -> list[Finding]:
    best = min(members, key=lambda findings: _distance(findings, depth))
    if len(members) == 1 or not _distance(best, depth)[0]:
        return best
    everything = [finding for findings in members for finding in findings]
    telling = [finding for finding in everything if not _expected(finding)]
    if telling:
        return [min(telling, key=_vagueness)]
    return [replace(best[0], expected=tuple(dict.fromkeys(word for f in everything for word in _expected(f))))]


def _distance(findings: list[Finding], depth: int) -> tuple[bool, int, int]:
    """How far a value is from a member of a union: another kind of thing, then the number of errors, then vagueness."""
    misfit = any(_is_misfit(finding, depth) for finding in findings)
    return misfit, len(findings), min(map(_vagueness, findings))


def _is_misfit(finding: Finding, depth: int) -> bool:
    fork = _fork(finding, depth)
    forks = {fork.depth for fork in finding.forks}
    if fork is None or any(index not in forks for index in range(depth + 1, len(finding.error["loc"]))):
        return False  # an error inside the value: the value itself is the right kind of thing
    wrong_shape = finding.kind in SHAPES or bool(finding.expected)
    return wrong_shape or (isinstance(fork.value, dict | list) and not holds_parts(fork.member))


def _vagueness(finding: Finding) -> int:
    if finding.kind in CHOICES:
        return 0 if nearest(word_of(finding.error["input"]), finding.options) else 3
    return 1 if finding.kind in ("value_error", "assertion_error") else 2


def _expected(finding: Finding) -> tuple[str, ...]:
    if finding.kind in CHOICES:
        return (clip(finding.context["expected"]),)
    return finding.expected or ((SHAPES[finding.kind],) if finding.kind in SHAPES else ())


def _fork(finding: Finding, depth: int) -> Fork | None:
    return next((fork for fork in finding.forks if fork.depth == depth), None)
