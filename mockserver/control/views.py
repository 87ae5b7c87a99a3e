"""How the control API shows jobs, journal entries and accounts."""

from collections.abc import Mapping
from typing import Any

from mockserver.clock import rfc3339
from mockserver.core.accounts import Account
from mockserver.core.credits import ONE
from mockserver.core.jobs import Job
from mockserver.core.journal import Entry
from mockserver.core.masking import masked_account, masked_headers
from mockserver.provenance.behaviours import Ledger
from mockserver.store.protocol import Credits


def job_view(job: Job, now: int) -> dict[str, Any]:
    """A job as it is now, with the rule and plan that it follows."""
    state = job.at(now)
    return {
        "id": job.id,
        "provider": job.provider,
        "operation": f"{job.provider}.{job.operation}",
        "account": masked_account(job.account),
        "status": state.status,
        "stage": state.step.stage,
        "progress": state.progress,
        "error": state.step.error,
        "created_at": rfc3339(job.created_at),
        "updated_at": rfc3339(state.entered_at),
        "held": state.step.held,
        "rule": job.rule,
        "plan": job.plan.name,
        "timeline": job.plan.timeline(),
        "cause": job.cause,
    }


def entry_view(entry: Entry, ledger: Ledger) -> dict[str, Any]:
    """A journal entry. For requests: which rule matched, and for each that did not the first condition that failed."""
    view: dict[str, Any] = {
        "number": entry.number or None,
        "kind": entry.kind,
        "at": rfc3339(entry.at),
        "provider": entry.provider,
        "operation": entry.operation,
        "account": masked_account(entry.account) if entry.account else None,
        "method": entry.method,
        "path": entry.path,
        "status": entry.status,
        "job": entry.job,
        "cause": entry.cause,
        "note": entry.note,
        "delivery": entry.detail.get("delivery") if entry.detail else None,
        "deviations": list(entry.deviations) or None,
        "rests_on": [{"rule": row, "class": ledger.basis(row)} for row in dict.fromkeys(entry.rests_on)] or None,
    }
    if entry.kind == "request":
        view["rule"] = entry.rule
        view["missed"] = [{"rule": m.rule, "failed": m.failed} for m in (*entry.others, *entry.misses)]
        view["request"] = {"headers": dict(masked_headers(entry.headers)), "body": as_text(entry.request)}
        view["reply"] = {"body": as_text(entry.reply)}
    return {k: v for k, v in view.items() if v is not None}


def account_view(account: Account, credits: Credits) -> dict[str, Any]:
    """An account at one provider: what it may do, what it has, and where its events go."""
    webhook = account.webhook
    return {
        "provider": account.provider,
        "plan": account.tier,
        "billing": account.billing,
        "credits": None if credits.balance is None else credits.balance / ONE,
        "reserved": credits.reserved / ONE,
        "limits": {name: limit.allowed for name, limit in account.limits.items()},
        "webhook": None if webhook is None else webhook.model_dump(),
        "ledger": [
            {"at": rfc3339(e.at), "kind": e.kind, "amount": e.amount / ONE, "reference": e.reference}
            for e in credits.entries[-50:]
        ],
    }


def as_text(body: bytes) -> str:
    """Bytes as text for people; what is no UTF-8 is replaced."""
    return body.decode("utf-8", "replace")


def picked(query: Mapping[str, str], name: str, value: object) -> bool:
    """True unless the query asks for another value of `name`."""
    return name not in query or query[name] == str(value)
