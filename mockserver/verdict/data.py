"""A verdict as JSON data: for the control API, for files, and as the input of all other formats."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mockserver.core.credits import CREDIT
from mockserver.core.masking import Masking, masked_account
from mockserver.core.verdict.finding import Finding
from mockserver.core.verdict.judge import Verdict

if TYPE_CHECKING:
    from mockserver.provenance.rows import Row


def data(verdict: Verdict, rows: "Mapping[str, Row]", masking: Masking) -> dict[str, Any]:
    """Return a verdict as JSON data, with the credentials in it masked. `rows` are those of the ledger, by id."""
    return {
        "observed": verdict.observed,
        "requests": verdict.requests,
        "jobs": verdict.jobs,
        "deliveries": verdict.deliveries,
        "complete": verdict.complete,
        "allowed": verdict.allowed,
        "left_out": verdict.left_out,
        "counts": dict(verdict.counts),
        "findings": [_finding(each, rows, masking) for each in verdict.findings],
        "failures": [
            {"number": each.number, "operation": each.operation, "status": each.status, "class": each.failure}
            for each in verdict.failures
        ],
    }


def _finding(finding: Finding, rows: "Mapping[str, Row]", masking: Masking) -> dict[str, Any]:
    row = rows.get(finding.row) if finding.row is not None else None
    documented = None
    if row is not None:
        documented = {"rule": finding.row, "what": row.what, "class": row.basis, "source": row.source}
    masking = masking.of_request(finding.account, ())
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "message": masking.text(finding.message),
        "instead": finding.advice,
        "requests": list(finding.calls),
        "jobs": list(finding.jobs),
        "deliveries": list(finding.deliveries),
        "provider": finding.provider,
        "operation": finding.operation,
        "account": masked_account(finding.account) if finding.account is not None else None,
        "credits": finding.cost / CREDIT if finding.cost is not None else None,
        "documented": documented,
    }
