"""What all requests of DumplingAI have in common: their text for rules, their deviations, and the rows for these."""

from collections.abc import Iterator, Mapping
from typing import Any

from mockserver.core.match import SUBJECT_MAX
from mockserver.providers.dumplingai.models import SOURCES
from mockserver.wire.deviations import names_of
from mockserver.wire.exchange import Exchange

# Fields with the content of a file, if `inputMethod` is `base64`.
_FILES = ("audio", "file", "files", "image", "images", "input_image", "video")
_NOT_TEXT = ("inputMethod", "requestSource")
_TEXTS, _DEEPEST = 24, 4
_HEADER = "request-source"


def subject(data: Any) -> str | None:
    """Return the `input` for rules: the texts of the request, each on a line, without the content of files."""
    if not isinstance(data, Mapping):
        return None
    texts = (text[:SUBJECT_MAX] for text in _texts(data, 0) if not text.startswith("data:"))
    return "\n".join(text for _, text in zip(range(_TEXTS), texts, strict=False))


def rows_of_request(exchange: Exchange) -> Iterator[str]:
    """Yield the rows of the ledger for what a request has that the contract does not."""
    source = getattr(exchange.body, "request_source", "")
    if (source and source not in SOURCES) or _HEADER in exchange.request.headers:
        yield "rule.other_sources"
    names = names_of(exchange.operation.body)
    if names is not None and isinstance(exchange.data, Mapping) and not names.known.issuperset(exchange.data):
        yield "rule.unknown_fields"


def deviations_of(exchange: Exchange) -> Iterator[str]:
    """Yield a deviation for the header of older pages, which newer ones do not have."""
    if _HEADER in exchange.request.headers:
        yield "Request-Source: a header of older pages; newer ones have the field requestSource"


def _texts(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth < _DEEPEST and isinstance(value, list):
        for each in value[:_TEXTS]:
            yield from _texts(each, depth + 1)
    elif depth < _DEEPEST and isinstance(value, Mapping):
        unused = (*_NOT_TEXT, *_FILES) if value.get("inputMethod") == "base64" else _NOT_TEXT
        for name, each in value.items():
            if name not in unused:
                yield from _texts(each, depth + 1)
