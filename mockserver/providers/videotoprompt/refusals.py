"""Why VideoToPrompt refuses a body, and the rows of the ledger that the refusal rests on."""

from collections.abc import Mapping

from pydantic import ValidationError

from mockserver.core.faults import Refusal
from mockserver.kit.models import first_error

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
    return Refusal("invalid_request", first_error(error), ledger_rows=_ROWS.get(wrong, ("rule.checks",)))
