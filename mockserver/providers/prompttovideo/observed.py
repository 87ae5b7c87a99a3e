"""What the provider's source does with requests that it cannot use, for scenarios that ask for it.

The source answers them with pages of its web framework. The default is JSON, which clients can use (FACTS section 2,
"what the source does with bad bodies").
"""

from collections.abc import Mapping
from typing import Any

from mockserver.core.faults import Refusal
from mockserver.kit.models import Body
from mockserver.kit.operations import Reply
from mockserver.providers.prompttovideo.models import Quality

_ROWS = ("rule.bad_requests_observed",)
# The status and the text of the page for each case of a refusal.
_PAGES = {
    "unsupported_media_type": (415, "Unsupported Media Type", "The Content-Type must be application/json."),
    "malformed": (400, "Bad Request", "The body could not be read."),
    "not_an_object": (500, "Internal Server Error", "The request could not be handled."),
    "no_such_path": (404, "Not Found", "There is nothing at this address."),
    "method_not_allowed": (405, "Method Not Allowed", "The address does not have this method."),
}
# The step error of a plan by which a scenario gives a video this status.
VIOLATION = "content_violation"


class Accepted(Body):
    """A request whose prompt is not a string, or is blank, which the source accepts."""

    prompt: str
    quality: Quality = "free"


def is_on(options: Mapping[str, Any]) -> bool:
    """Return whether the scenario asks for the observed treatment of requests."""
    return options.get("bad_requests") == "observed"


def accepted(data: Any) -> Accepted | None:
    """Return the body for an invalid request that the source accepts: with any prompt that is not empty, 0 or false."""
    if not isinstance(data, Mapping) or not data.get("prompt"):
        return None
    quality = data.get("quality", "free")
    if quality not in ("free", "premium", "360p", "1080p"):
        return None
    return Accepted.model_construct({"prompt", "quality"} & set(data), prompt=str(data["prompt"]), quality=quality)


def reworded(refusal: Refusal) -> Refusal:
    """Return the refusal that the source has in place of ours, where its reply is JSON, too."""
    if refusal.case == "empty":
        return Refusal("invalid_request", case="no_data")
    # The source accepts such a prompt, so that the quality is what it refuses.
    unusual = refusal.row in ("blank_prompt", "prompt_no_text")
    return Refusal("invalid_request", row="invalid_quality") if unusual else refusal


def page(refusal: Refusal) -> Reply | None:
    """Return the page for a refusal; None for one that the source answers with JSON."""
    case = next((name for name in (refusal.row, refusal.case, refusal.kind) if name in _PAGES), None)
    if case is None or refusal.scripted:
        return None
    status, title, text = _PAGES[case]
    html = f"<!doctype html>\n<html lang=en>\n<title>{status} {title}</title>\n<h1>{title}</h1>\n<p>{text}</p>\n"
    return Reply(status, html.encode(), content_type="text/html; charset=utf-8", ledger_rows=_ROWS, note=text)
