"""Scenarios from words: which operation, what happens to it, and when. Nothing is guessed that the words do not say."""

import re
from collections.abc import Sequence

from mockserver.core import durations
from mockserver.core.synonyms import meant_by

_NTH = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4, "5th": 5,
}  # fmt: skip
_TIMES = {"once": 1, "twice": 2, "thrice": 3}
_ERRORS = (
    "unauthorized", "insufficient_credits", "forbidden", "not_found", "too_large", "invalid_request", "rate_limited",
    "server_error", "overloaded",
)  # fmt: skip
_WIRE = ("latency", "hang", "reset", "empty_reply", "truncate", "stall", "garble", "slow_drip")
_KINDS = (*_ERRORS, *_WIRE)
# Faults that last for a time, which is not a `retry_after`.
_LASTING = ("latency", "hang", "stall")
_DURATION = re.compile(r"\b(\d+(?:\.\d+)?)\s*(ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hours?)\b")
_UNITS = {"ms": "ms", "mi": "m", "s": "s", "m": "m", "h": "h"}
# Words that describe the end of a job and not the reply to a request.
_JOB = re.compile(r"\b(job|render|video|analysis|generation)s?\s+(fails?|failed)\b|\b(fails?|failed)\s+(job|render)\b")
# "Slow, then fails" says two things. A job that fails is another matter, see above.
_FAILS = re.compile(r"\bthen\b.{0,30}\bfail(s|ed)?\b")
# After these faults a client sends the request again. After others, it may have been done, or would be refused again.
_REPEATED = ("rate_limited", "server_error", "overloaded")
_LOST = re.compile(r"\b(repl(y|ies)|response)s?\b.{0,20}\blost\b|\blost\s+repl(y|ies)\b|\bpaid\b.{0,30}\blost\b")


class NotUnderstood(Exception):
    """The words do not say enough. The message says what is missing, and what is possible."""


def scenario_of(words: str, operations: Sequence[str]) -> tuple[str, list[str]]:
    """Return a scenario as YAML, and assertions for a test with the fixture `mockserver`.

    `operations` are the names of all operations. Raises NotUnderstood.
    """
    text = " ".join(words.casefold().split())
    operation = _operation(text, operations)
    name = "-".join(re.findall(r"[a-z0-9]+", text)[:6]) or "made"
    rule = [f"    operation: {_quoted(operation)}"]
    nth, times = _nth(text), _times(text)
    if nth is not None:
        rule.append(f"    nth: {nth}")
    elif times is not None:
        rule.append(f"    times: {times}")
    expected = nth or times or 1
    assertions = []
    if _JOB.search(text) and not _LOST.search(text):
        _check_one([*_kinds(text), "that the job fails"])
        rule.append("    plan: failing")
        plan = (
            "plans:\n  failing:\n    steps: [{status: queued, for: 1s}, {status: running, for: 2s}, {status: failed}]\n"
        )
        assertions.append('assert [job.status for job in mockserver.jobs].count("failed") >= 1')
    else:
        plan, kind = "", "reset" if _LOST.search(text) else _kind(text)
        rule.append(f"    fault: {{{_fault(text, kind)}}}")
        expected += kind in _REPEATED
    assertions.insert(0, f'mockserver.expect("{operation}", at_least={expected})')
    body = "\n".join(rule)
    yaml = f"scenario: {name}\ndescription: {_quoted(words.strip())}\nextends: default\n{plan}rules:\n"
    assertions.append("assert not mockserver.verdict().of('error')")
    return f"{yaml}  - name: {_quoted(' '.join(text.split()[:8]))}\n{body}\n", assertions


def _operation(text: str, operations: Sequence[str]) -> str:
    """Return the operation that the words name: in full, by its own name, or all of a provider."""
    for each in sorted(operations, key=len, reverse=True):
        if each in text:
            return each
    providers = list(dict.fromkeys(each.partition(".")[0] for each in operations))
    compact = re.sub(r"[^a-z0-9]", "", text)
    provider = next((each for each in providers if each in compact), None)
    spaced = re.sub(r"[^a-z0-9]+", "_", text)
    candidates = [each for each in operations if provider in (None, each.partition(".")[0])]
    for each in sorted(candidates, key=len, reverse=True):
        own = each.partition(".")[2]
        if f"_{own}_" in f"_{spaced}_":
            return each
    if provider is not None:
        return f"{provider}.*"
    if re.search(r"\b(every|all|any)\b", text):
        return "*"
    raise NotUnderstood(
        f"The words name no provider and no operation. Providers are {', '.join(providers)}; an operation is, for "
        f"example, {operations[0]}; `all requests` means every one."
    )


def _nth(text: str) -> int | None:
    return next((number for word, number in _NTH.items() if re.search(rf"\b{word}\b", text)), None)


def _times(text: str) -> int | None:
    counted = re.search(r"\b(\d{1,3}) times\b|\bnext (\d{1,3})\b", text)
    if counted is not None:
        return int(counted[1] or counted[2])
    return next((number for word, number in _TIMES.items() if re.search(rf"\b{word}\b", text)), None)


def _fault(text: str, kind: str) -> str:
    """Return the keys of the fault that the words describe, in YAML's flow style."""
    if _LOST.search(text):
        return "kind: reset, phase: after_commit"
    found = _DURATION.search(text)
    if found is None:
        return f"kind: {kind}"
    unit = found[2]
    lasts = f"{found[1]}{_UNITS.get(unit[:2], _UNITS.get(unit[0], 's'))}"
    durations.parse(lasts)
    if kind in _LASTING:
        return f"kind: {kind}, for: {lasts}"
    return f"kind: {kind}, retry_after: {lasts}" if kind in ("rate_limited", "overloaded") else f"kind: {kind}"


def _kind(text: str) -> str:
    """Return the kind of fault that the words describe. Raises NotUnderstood if they describe none, or several."""
    kinds = _kinds(text)
    _check_one([*kinds, "that something fails"] if _FAILS.search(text) else kinds)
    if not kinds:
        raise NotUnderstood(
            f"The words do not say what goes wrong. It can be {', '.join(_KINDS)}, `the reply is lost`, or `the job "
            "fails`."
        )
    return kinds[0]


def _check_one(problems: Sequence[str]) -> None:
    if len(problems) > 1:
        raise NotUnderstood(
            f"The words say more than one thing that goes wrong: {' and '.join(problems)}. Make a scenario of each, "
            "and put their rules into one YAML."
        )


def _kinds(text: str) -> list[str]:
    """Return the kinds of faults that the words name, those of longer phrases first."""
    words, kinds = re.findall(r"[a-z0-9]+", text), dict[str, None]()
    for length in (3, 2, 1):
        for start in range(len(words) - length + 1):
            phrase = words[start : start + length]
            # `times out` and `time out` mean the same.
            for each in (phrase, [word.removesuffix("s") for word in phrase]):
                meant = "_".join(each) if "_".join(each) in _KINDS else meant_by("_".join(each), _KINDS)
                if meant is not None:
                    kinds[meant] = None
                    words[start : start + length] = [""] * length
                    break
    return list(kinds)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
