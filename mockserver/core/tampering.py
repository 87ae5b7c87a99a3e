"""Tampering with webhooks: changes the body and the signature of an attempt as the scenario says."""

from collections.abc import Sequence

from pydantic_core import from_json, to_json

from mockserver.core.instants import parse_rfc3339, rfc3339
from mockserver.core.scenario import TamperingSpec

Header = tuple[str, str]

PADDING = "padding"


def applies_to(spec: TamperingSpec | None, attempt: int) -> bool:
    """Return True if attempt number `attempt` (from 1) is tampered with."""
    return spec is not None and (spec.attempts is None or attempt in spec.attempts)


def changes(spec: TamperingSpec) -> tuple[str, ...]:
    """Return the changes that `spec` makes to an attempt, as texts for people."""
    texts = {
        f"signature {spec.signature.replace('_', ' ')}": spec.signature != "valid",
        "extra fields": bool(spec.extra_fields),
        "padded": spec.pad > 0,
    }
    return tuple(text for text, applies in texts.items() if applies)


def body(spec: TamperingSpec, composed: bytes, stamp: str | None) -> bytes:
    """Return the body of an attempt. `stamp` is the body's timestamp field, for providers that do not sign a time.

    An extra field never replaces a field of the body. A body that is not a JSON object is not changed.
    """
    aged = spec.signature == "stale" and stamp is not None
    if not (spec.extra_fields or spec.pad or aged):
        return composed
    data = from_json(composed) if composed else None
    if not isinstance(data, dict):
        return composed
    if aged and isinstance(data.get(stamp), str):
        data[stamp] = rfc3339(parse_rfc3339(data[stamp]) - spec.age)
    data = {**data, **{name: value for name, value in spec.extra_fields.items() if name not in data}}
    if spec.pad:
        data[PADDING] = "x" * spec.pad
    return to_json(data)


def signature(spec: TamperingSpec, headers: Sequence[Header]) -> tuple[Header, ...]:
    """Return the headers that sign an attempt, with the signature removed or made wrong if the scenario says so."""
    if spec.signature == "missing":
        return tuple(h for h in headers if not _is_signature(h))
    if spec.signature == "wrong":
        return tuple(
            (name, _altered(value)) if _is_signature((name, value)) else (name, value) for name, value in headers
        )
    return tuple(headers)


def _is_signature(header: Header) -> bool:
    return "signature" in header[0].lower()


def _altered(value: str) -> str:
    """Replace the last character by another hexadecimal digit or letter."""
    last = value[-1:]
    return value[:-1] + (("0" if last != "0" else "1") if last in "0123456789abcdef" else "a" if last != "a" else "b")
