"""Why VideoToPrompt refuses: what is wrong with a request, and the rows of the ledger that an error rests on."""

from collections.abc import Iterator, Mapping

from pydantic import ValidationError

from mockserver.core.faults import Refusal
from mockserver.kit.models import first_error
from mockserver.kit.operations import Reply

# Documented are words that are none of the listed, and what is missing. Of all fields only a batch's is a list.
_ROWS: Mapping[str, tuple[str, ...]] = {
    "missing": (),
    "literal_error": (),
    "model_type": ("rule.bad_json",),
    "too_short": ("rule.batch_size",),
    "too_long": ("rule.batch_size",),
}


def refusal_of(error: ValidationError) -> Refusal:
    """The refusal of a body that its model does not admit, with the rows that it rests on beside the error's own."""
    wrong = error.errors(include_url=False, include_input=False, include_context=False)[0]["type"]
    return Refusal("invalid_request", first_error(error), {"rests_on": _ROWS.get(wrong, ("rule.checks",))})


def rests_on(refusal: Refusal, reply: Reply) -> Iterator[str]:
    """The rows that an error rests on, beside its own and those that the check has named."""
    detail = refusal.detail
    if not isinstance(reply.body, dict) or not isinstance(reply.body["error"], dict):
        # Of what is refused only the forms of OAuth are told in another way than the API's.
        yield "rule.oauth_bad_forms"
        return
    yield "rule.error_envelope"
    if "syntax" in detail:
        yield "rule.bad_json"
    if refusal.kind == "insufficient_credits":
        yield "rule.no_credits"
    if refusal.kind == "rate_limited" and "limit" in detail:
        yield f"limit.{detail['limit']}"
        if detail["limit"] == "analyses_per_day":
            yield "rule.over_day"
    if "retry_after" in detail:
        yield "rule.retry_after"
