"""Reads what the control API returns: jobs, accounts, deliveries, entries of the journal, and verdicts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mockserver.clock import parse_rfc3339
from mockserver.core.credits import CREDIT
from mockserver.core.journal import JournalEntry
from mockserver.core.match import Miss
from mockserver.core.verdict.finding import Finding
from mockserver.core.verdict.judge import FailedCall, Verdict
from mockserver.core.verdict.policy import Policy
from mockserver.testing.values import AccountValues, Attempt, Webhook, instant

Row = Mapping[str, Any]
# The keys that are known in full, by their masked form.
Keys = Mapping[str, str]
# How the journal says that a rule is for other operations.
_OTHER = "operation is not "


def job(row: Row, keys: Keys) -> dict[str, Any]:
    """Return the values of a job."""
    names = ("id", "provider", "operation", "status", "stage", "progress", "error", "held", "rule", "plan")
    return {
        **{name: row[name] for name in names},
        "key": _key(row["account"], keys),
        "created_at": _instant(row["created_at"]),
        "updated_at": _instant(row["updated_at"]),
    }


def account(row: Row) -> AccountValues:
    """Return the values of an account."""
    webhook = row["webhook"]
    return AccountValues(
        row["plan"],
        row["credits"],
        row["reserved"],
        row["limits"],
        row["ledger"],
        None if webhook is None else Webhook(webhook["url"], tuple(webhook["events"]), webhook["secret"]),
    )


def delivery(row: Row, keys: Keys) -> dict[str, Any]:
    """Return the values of a delivery."""
    following = row["next_attempt_at"]
    return {
        **{name: row[name] for name in ("id", "event", "provider", "job", "url", "outcome")},
        "key": _key(row["account"], keys),
        "attempts": tuple(map(_attempt, row["attempts"])),
        "created_at": _instant(row["created_at"]),
        "next_attempt_at": None if following is None else _instant(following),
        "body": row["body"].encode(),
    }


def _attempt(row: Row) -> Attempt:
    return Attempt(
        row["number"],
        _instant(row["at"]),
        row["status"],
        row["outcome"],
        row["error"],
        row["headers"],
        row["reply"].encode(),
        tuple(row.get("tampering") or ()),
    )


def entry(row: Row, keys: Keys) -> JournalEntry:
    """Return an entry of the journal. Credentials in it are masked."""
    names = ("kind", "provider", "operation", "method", "path", "status", "job", "cause", "note", "rule")
    request, reply = row.get("request") or {}, row.get("reply") or {}
    owner = row.get("account")
    values: dict[str, Any] = {name: row.get(name) for name in names}
    missed = [Miss(each["rule"], each["failed"]) for each in row.get("missed") or ()]
    return JournalEntry(
        **values,
        at=parse_rfc3339(row["at"]),
        number=row.get("number") or 0,
        account=None if owner is None else f"{owner.partition(':')[0]}:{_key(owner, keys)}",
        query=row.get("query") or "",
        misses=tuple(miss for miss in missed if not miss.failed.startswith(_OTHER)),
        others=tuple(miss for miss in missed if miss.failed.startswith(_OTHER)),
        rests_on=tuple(each["rule"] for each in row.get("rests_on") or ()),
        deviations=tuple(row.get("deviations") or ()),
        request=request.get("body", "").encode(),
        reply=reply.get("body", "").encode(),
        headers=tuple(request.get("headers", {}).items()),
        serial=row["offset"],
    )


def policy(wanted: Policy) -> dict[str, Any]:
    """Return a policy as the query of a verdict."""
    return {
        "allow": sorted(wanted.allow),
        "deny": sorted(wanted.deny),
        "severity": [f"{rule}={severity}" for rule, severity in wanted.severities.items()],
        "longest_poll": None if wanted.longest_poll is None else f"{wanted.longest_poll}ms",
    }


def verdict(data: Row, keys: Keys) -> Verdict:
    """Return a verdict."""
    failures = tuple(FailedCall(f["number"], f["operation"], f["status"], f["class"]) for f in data["failures"])
    return Verdict(
        tuple(_finding(each, keys) for each in data["findings"]), data["requests"], data["jobs"], data["deliveries"],
        failures, data["complete"], data["allowed"], data["left_out"],
    )  # fmt: skip


def _finding(row: Row, keys: Keys) -> Finding:
    owner, documented, credits = row["account"], row["documented"], row["credits"]
    return Finding(
        row["rule"], row["severity"], row["message"], row["instead"], tuple(row["requests"]), tuple(row["jobs"]),
        row["provider"], row["operation"],
        None if owner is None else f"{owner.partition(':')[0]}:{_key(owner, keys)}",
        None if credits is None else round(credits * CREDIT),
        None if documented is None else documented["rule"], tuple(row["deliveries"]),
    )  # fmt: skip


def _key(owner: str, keys: Keys) -> str:
    """Return the key of an account, `provider:key`, in full if it is known."""
    shown = owner.partition(":")[2]
    return keys.get(shown, shown)


def _instant(text: str) -> datetime:
    return instant(parse_rfc3339(text))
