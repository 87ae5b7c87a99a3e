"""The verdict on a bundle, and what its clients have covered: the same as of the sandbox that it was saved from."""

from collections.abc import Mapping
from typing import Any

from mockserver.bundle.contents import Bundle
from mockserver.bundle.invalid import InvalidBundle
from mockserver.core.masking import Masking
from mockserver.core.scenario import Scenario
from mockserver.core.verdict.policy import DEFAULT_POLICY, Policy
from mockserver.coverage.report import Report
from mockserver.coverage.tally import Tally
from mockserver.kit.credentials import credential_names
from mockserver.kit.ledger import ledger
from mockserver.kit.provider import Provider
from mockserver.source.document import Document, SourceErrors
from mockserver.source.validation import validate
from mockserver.verdict.data import data
from mockserver.verdict.judging import verdict_of


def verdict(bundle: Bundle, providers: Mapping[str, Provider], project: Policy = DEFAULT_POLICY) -> dict[str, Any]:
    """Return the verdict on the clients of a bundle as JSON data. Raises InvalidBundle if its scenario has mistakes."""
    masking = Masking(credential_names(providers.values()))
    judged = verdict_of(bundle.records, _scenario(bundle).expect, providers.values(), project=project, masking=masking)
    return data(judged, ledger(providers.values()).rows if judged.findings else {}, masking)


def coverage(bundle: Bundle, providers: Mapping[str, Provider]) -> Report:
    """Return which behaviours the clients of a bundle have covered."""
    tally = Tally()
    for entry in bundle.entries:
        if entry.kind == "request":
            tally.request(entry)
        elif entry.kind == "delivery":
            tally.delivery(entry)
    return Report.from_tally(list(providers), ledger(providers.values()).rows, tally)


def _scenario(bundle: Bundle) -> Scenario:
    try:
        return validate(Scenario, Document.of(bundle.scenario, "scenario"))
    except SourceErrors as errors:
        raise InvalidBundle(f"the scenario in it has a mistake: {errors.lines()[0]}") from None
