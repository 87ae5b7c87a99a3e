"""The probes of the exam: what each sends, how it is judged, and which documented rule it rests on.

A probe only composes its requests. `exam.run` sends them, and `exam.judging` judges the answers.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

from mockserver.exam import judging
from mockserver.exam.events import UNKNOWN, Events, compact, respelled
from mockserver.exam.judging import Judge
from mockserver.exam.sends import Send
from mockserver.kit.provider import Provider

Topic = Literal["signature", "timestamp", "retries", "replay", "event"]

HOUR = 3_600_000
_PADDING = 1_000_000
_COPIES = 50
_TEXT = "Zürich – 東京 – \U0001f3ac"


class Probe(NamedTuple):
    """One item of the exam. `topics` name the rows of the ledger that it rests on, and `advice` says what to do."""

    name: str
    title: str
    sends: Callable[[Events], tuple[Send, ...]]
    judge: Judge
    topics: tuple[Topic, ...]
    advice: str


def probes_of(provider: Provider) -> tuple[Probe, ...]:
    """Return the probes for a provider, in their order. The first one is the plain valid event."""
    timed = provider.signature is not None and provider.signature.timestamp_header is not None
    return tuple(_untimed(probe) if probe.name in _AGED and not timed else probe for probe in PROBES)


def _untimed(probe: Probe) -> Probe:
    """Return a probe of the age of an event for a provider that does not sign the time of sending."""
    text = (
        "the provider does not sign the time of sending, so the age of an authentic event proves nothing; "
        "a repeated event can only be recognised by the id of its job"
    )
    return probe._replace(judge=judging.undecided(text), topics=("signature", "retries"))


def _plain(label: str, events: Events, name: str, **changes: object) -> Send:
    body = compact({**events.event(name), **changes})
    return Send(label, body, events.signed(body))


def _valid(events: Events) -> tuple[Send, ...]:
    return (_plain("valid event", events, "valid"),)


def _wrong_secret(events: Events) -> tuple[Send, ...]:
    body = compact(events.event("wrong-secret"))
    return (
        Send("event signed with another secret", body, events.signed(body, secret=f"{events.secret}-other")),
        Send("event signed with an empty secret", body, events.signed(body, secret="")),
    )


def _missing(events: Events) -> tuple[Send, ...]:
    body = compact(events.event("missing-signature"))
    headers = events.signed(body)
    return (
        Send("event without a signature", body, events.with_signature(headers)),
        Send("event with an empty signature", body, events.with_signature(headers, "sha256=")),
    )


def _other_body(events: Events) -> tuple[Send, ...]:
    signed, sent = compact(events.event("other-body-1")), compact(events.event("other-body-2"))
    headers = events.signed(signed)
    sends = [Send("event with the signature of another body", sent, headers)]
    stamp = events.signature.timestamp_header
    if stamp is not None:
        later = tuple((n, str(int(v) + 1) if n == stamp else v) for n, v in headers)
        sends.append(Send("event with a changed timestamp", signed, later))
        without = events.with_signature(headers, events.mac(signed))
        sends.append(Send("event whose signature leaves the timestamp out", signed, without))
    return tuple(sends)


def _aged(name: str, offset: int, label: str) -> Callable[[Events], tuple[Send, ...]]:
    def sends(events: Events) -> tuple[Send, ...]:
        at = events.now + offset
        body = compact(events.event(name, at=at))
        return (Send(label, body, events.signed(body, at=at)),)

    return sends


def _replayed(events: Events) -> tuple[Send, ...]:
    body = compact(events.event("replayed-id"))
    later = events.now + 1_000
    return (
        Send("event", body, events.signed(body)),
        Send("replay of the event with a new signature", body, events.signed(body, at=later)),
    )


def _duplicate(events: Events) -> tuple[Send, ...]:
    first = _plain("event", events, "duplicate")
    return (first, first._replace(label="same request again"))


def _out_of_order(events: Events) -> tuple[Send, ...]:
    newer, older = (
        (compact(events.event(f"out-of-order-{age}", at=events.now - age)), events.now - age) for age in (0, 30_000)
    )
    return (
        Send("newer event", newer[0], events.signed(newer[0], at=newer[1])),
        Send("older event after it", older[0], events.signed(older[0], at=older[1])),
    )


def _unknown_event(events: Events) -> tuple[Send, ...]:
    return (_plain("unknown event", events, "unknown-event", **{events.provider.event_field: UNKNOWN}),)


def _extra_fields(events: Events) -> tuple[Send, ...]:
    extra = {"mock_extra": {"nested": [1, None, True]}, "mock_number": 12_345_678_901}
    return (_plain("event with extra fields", events, "extra-fields", **extra),)


def _unknown_value(events: Events) -> tuple[Send, ...]:
    data = events.with_unknown_value("unknown-value")
    if data is None:
        return ()
    body = compact(data)
    return (Send("event with an unknown value", body, events.signed(body)),)


def _respelled(events: Events) -> tuple[Send, ...]:
    body = respelled(events.event("respelled"))
    return (Send("event with other whitespace and order of keys", body, events.signed(body)),)


def _non_ascii(events: Events) -> tuple[Send, ...]:
    bodies = {
        "event with UTF-8 text": compact({**events.event("utf-8"), "mock_text": _TEXT}),
        "event with escaped text": respelled({**events.event("escaped"), "mock_text": _TEXT}),
    }
    return tuple(Send(label, body, events.signed(body)) for label, body in bodies.items())


def _large(events: Events) -> tuple[Send, ...]:
    return (_plain("event of 1 MB", events, "one-megabyte", mock_padding="x" * _PADDING),)


def _slow(events: Events) -> tuple[Send, ...]:
    return (_plain("slow event", events, "slow-send")._replace(pauses=(events.pause,) * 8),)


def _two_signatures(events: Events) -> tuple[Send, ...]:
    body = compact(events.event("two-signatures"))
    headers = events.signed(body)
    right, old = events.signature_of(headers), f"sha256={'0' * 64}"
    return (
        Send("event with an old and a valid signature", body, events.with_signature(headers, old, right)),
        Send("event with two wrong signatures", body, events.with_signature(headers, old, f"sha256={'1' * 64}")),
    )


def _content_type(events: Events) -> tuple[Send, ...]:
    valid = _plain("valid event as text/plain", events, "content-type")
    text = tuple((n, "text/plain" if n == "Content-Type" else v) for n, v in valid.headers)
    return (
        valid._replace(headers=text),
        Send("unsigned event as text/plain", valid.body, events.with_signature(text)),
    )


def _get(events: Events) -> tuple[Send, ...]:
    return (Send("GET", method="GET"),)


def _early(events: Events) -> tuple[Send, ...]:
    body = compact(events.event("early", events.job("early", unknown=True)))
    return (Send("event of a job that is not known yet", body, events.signed(body)),)


def _at_once(events: Events) -> tuple[Send, ...]:
    return (_plain("event", events, "at-once")._replace(copies=_COPIES),)


def _redelivery(events: Events) -> tuple[Send, ...]:
    whole = _plain("complete event after it", events, "redelivery")
    broken = whole._replace(label="event whose connection breaks", body=whole.body[:-32], cut=True)
    return (broken, whole, whole._replace(label="same event again"))


_VERIFY = "compute the HMAC over the raw bytes of the body, compare it with hmac.compare_digest, and answer 401"
_RAW = "verify the signature over the bytes as they arrived, before the JSON is parsed"
_AGE = (
    "refuse a signed timestamp that differs from the own clock by more than a tolerance, with 401; "
    "no tolerance is documented, and five minutes are usual"
)
_ONCE = "keep the ids of jobs whose event was processed, in the same transaction, and answer 2xx to a repetition"
_TOLERANT = "ignore fields, values and events that are not known, and answer 2xx"
_AGED = ("stale", "future")

PROBES: tuple[Probe, ...] = (
    Probe("valid", "a valid event", _valid, judging.accepted, ("signature", "event"), _RAW),
    Probe("wrong-secret", "signed with a wrong secret", _wrong_secret, judging.refused, ("signature",), _VERIFY),
    Probe("missing-signature", "without a signature", _missing, judging.refused, ("signature",), _VERIFY),
    Probe("other-body", "with the signature of another body", _other_body, judging.refused, ("signature",), _VERIFY),
    Probe("stale", "signed an hour ago", _aged("stale", -HOUR, "event from an hour ago"), judging.refused,
          ("timestamp", "signature"), _AGE),
    Probe("future", "signed in an hour", _aged("future", HOUR, "event from the future"), judging.refused,
          ("timestamp", "signature"), _AGE),
    Probe("replayed-id", "the same job again, with a new signature", _replayed, judging.once, ("replay", "retries"),
          _ONCE),
    Probe("duplicate", "the same request twice", _duplicate, judging.once, ("retries",), _ONCE),
    Probe("out-of-order", "a newer event before an older one", _out_of_order, judging.accepted, ("retries",),
          "do not rely on the order of events: store each under the id of its job"),
    Probe("unknown-event", "an event of an unknown kind", _unknown_event,
          judging.either("nothing is documented about kinds that are not known; a refused event is sent again"),
          ("event", "retries"), _TOLERANT),
    Probe("extra-fields", "an event with fields that are not documented", _extra_fields, judging.accepted, ("event",),
          _TOLERANT),
    Probe("unknown-value", "an event with an unknown value of an enumeration", _unknown_value, judging.accepted,
          ("event",), _TOLERANT),
    Probe("respelled", "other order of keys and whitespace, signed as sent", _respelled, judging.accepted,
          ("signature",), _RAW),
    Probe("non-ascii", "text outside ASCII, as UTF-8 and escaped", _non_ascii, judging.accepted, ("signature",), _RAW),
    Probe("one-megabyte", "a body of 1 MB", _large,
          judging.either("nothing is documented about the size of an event"), ("event",),
          "allow bodies of at least 1 MB, or refuse larger ones with 413"),
    Probe("slow-send", "a body that arrives in pieces, within two seconds", _slow, judging.accepted, ("event",),
          "read the body to its end, whatever the sizes of its pieces are"),
    Probe("two-signatures", "two signatures, one of them valid; and two wrong ones", _two_signatures,
          judging.unless_forged(judging.either("two signatures are not documented"), 1), ("signature",),
          "accept the event if one of its signatures is valid"),
    Probe("content-type", "another Content-Type; and unsigned with it", _content_type,
          judging.unless_forged(judging.either("another Content-Type is not documented"), 1), ("signature",), _VERIFY),
    Probe("get", "GET instead of POST", _get, judging.only_post, ("event",), "answer 405 to other methods than POST"),
    Probe("early", "an event before the reply with its job's id", _early, judging.early, ("event", "retries"),
          "keep events of jobs that are not known yet, or answer 503 so that they are sent again"),
    Probe("at-once", f"the same event {_COPIES} times at once", _at_once, judging.once, ("retries",), _ONCE),
    Probe("redelivery", "a delivery that breaks off, and its repetition", _redelivery, judging.after_a_break,
          ("retries",), _ONCE),
)  # fmt: skip
