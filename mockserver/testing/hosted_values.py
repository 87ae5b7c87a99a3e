"""The values of jobs and accounts of a sandbox in this process."""

from typing import Any

from mockserver.clock import rfc3339
from mockserver.control import actions
from mockserver.core.accounts import Account
from mockserver.core.credits import CREDIT
from mockserver.core.jobs import Job
from mockserver.store.protocol import Credits
from mockserver.testing.values import AccountValues, Webhook, instant


def job_values(job: Job, now: int) -> dict[str, Any]:
    """Return the values of a job at an instant."""
    state = job.at(now)
    return {
        "id": job.id, "provider": job.provider, "operation": f"{job.provider}.{job.operation}",
        "key": job.account.partition(":")[2], "status": state.status, "stage": state.step.stage,
        "progress": state.progress, "error": state.step.error, "held": state.step.held, "rule": job.rule,
        "plan": job.plan.name, "created_at": instant(job.created_at), "updated_at": instant(state.entered_at),
    }  # fmt: skip


def account_values(account: Account, credits: Credits) -> AccountValues:
    """Return the values of an account."""
    webhook = account.webhook
    return AccountValues(
        account.tier,
        None if credits.balance is None else credits.balance / CREDIT,
        credits.reserved / CREDIT,
        {name: limit.allowed for name, limit in account.limits.items()},
        [
            {"at": rfc3339(e.at), "kind": e.kind, "amount": e.amount / CREDIT, "reference": e.reference}
            for e in credits.entries[-actions.LATEST_CREDITS :]
        ],
        None if webhook is None else Webhook(webhook.url, tuple(webhook.events), webhook.secret),
    )
