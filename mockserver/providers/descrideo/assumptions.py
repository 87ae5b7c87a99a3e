"""The rows of the ledger for what is not documented about a new job."""

from collections.abc import Iterator, Mapping
from typing import Any

from mockserver.providers.descrideo import wording
from mockserver.providers.descrideo.requests import DOCUMENTED, SourceProvider, Wanted, is_documented


def of_job(data: Mapping[str, Any], wanted: Wanted, *, live: bool, fetch: bool) -> Iterator[str]:
    """Yield the rows, the most important first. `fetch`: videos of a `direct_url` are requested, too."""
    source = getattr(wanted, "source", None)
    if isinstance(source, SourceProvider):
        yield "rule.source_provider_fields"
    elif source is not None and fetch:
        yield "event.source.fetch"
    elif source is None and "source" in data:
        yield "rule.sandbox_source"
    yield from _left_out(wanted)
    yield from wording.rows_of(wanted.language, wanted.instructions)
    if not wanted.transcribed and wanted.transcription is not None and not is_documented(wanted.transcription):
        yield "rule.unused_sampling"
    if live and wanted.transcribed:
        yield "rule.transcription_price"
    if not live and (wanted.generation_mode is not None or wanted.transcription is not None):
        yield "rule.free_modes"
    yield from _in_body(data)


def _left_out(wanted: Wanted) -> Iterator[str]:
    context, sampling = wanted.client_context, wanted.transcription
    if context is None or context.output_fields is None:
        yield "rule.default_fields"
    if wanted.transcribed and (sampling is None or sampling.segments is None or sampling.segment_sec is None):
        yield "rule.default_sampling"


def _in_body(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield the rows for undocumented fields and for nulls in a body."""
    unknown = nulls = False
    for name, known in DOCUMENTED.items():
        part = data.get(name) if name else data
        if isinstance(part, dict):
            unknown = unknown or not known.issuperset(part)
            nulls = nulls or None in part.values()
    if unknown:
        yield "rule.unknown_fields"
    if nulls:
        yield "rule.nulls"
