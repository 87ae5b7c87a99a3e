"""Tampering with webhooks: what a scenario changes in the bytes and the signature of an attempt."""

from collections.abc import Sequence

from pydantic_core import from_json, to_json

from mockserver.core.instants import parse_rfc3339, rfc3339
from mockserver.core.scenario import TamperingSpec

Header = tuple[str, str]

PADDING = "padding"


def strikes(spec: TamperingSpec | None, attempt: int) -> bool:
    """Whether attempt number `attempt` (from 1) is tampered with."""
    return spec is not None and (spec.attempts is None or attempt in spec.attempts)


def marks(spec: TamperingSpec) -> tuple[str, ...]:
    """What is done to an attempt, in words for people."""
    done = {
        f"signature {spec.signature.replace('_', ' ')}": spec.signature != "valid",
        "extra fields": bool(spec.extra_fields),
        "padded": spec.pad > 0,
    }
    return tuple(mark for mark, is_done in done.items() if is_done)


def body(spec: TamperingSpec, composed: bytes, stamp: str | None) -> bytes:
    """The body of an attempt. `stamp` is the field that tells its instant, where its signature does not.

    A field that the body has is never replaced by an extra one. What is not a JSON object stays as it is.
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
    """The headers of a signature, wrong or without it where the scenario says so."""
    if spec.signature == "missing":
        return tuple(h for h in headers if not _signs(h))
    if spec.signature == "wrong":
        return tuple((name, _changed(value)) if _signs((name, value)) else (name, value) for name, value in headers)
    return tuple(headers)


def _signs(header: Header) -> bool:
    return "signature" in header[0].lower()


def _changed(value: str) -> str:
    """The value with its last character another one of its kind: a hexadecimal digit, or a letter."""
    last = value[-1:]
    return value[:-1] + (("0" if last != "0" else "1") if last in "0123456789abcdef" else "a" if last != "a" else "b")
