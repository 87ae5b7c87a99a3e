"""Whether requests are checked against DumplingAI's OpenAPI document or its whole page."""

from collections.abc import Mapping
from typing import Any


def as_schema(options: Mapping[str, Any], *, strict: bool) -> bool:
    """Return whether only the OpenAPI document counts: any text is a prompt and a video, and there is no GET.

    The scenario's option `as_schema` decides. Without it, a strict server uses the document.
    """
    option = options.get("as_schema")
    return strict if option is None else bool(option)
