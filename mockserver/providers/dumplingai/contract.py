"""Whether DumplingAI's OpenAPI document alone says what is taken, or the prose of its page too."""

from collections.abc import Mapping
from typing import Any


def as_schema(options: Mapping[str, Any], *, strict: bool) -> bool:
    """True where the document is the law, both ways: in it any text is a prompt and a video, and there is no GET.

    The scenario says so with `as_schema`; where it says nothing, a strict server holds to the document.
    """
    given = options.get("as_schema")
    return strict if given is None else bool(given)
