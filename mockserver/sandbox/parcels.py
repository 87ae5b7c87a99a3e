"""Parcels: what one attempt of a delivery sends."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from mockserver.core import tampering
from mockserver.core.deliveries import Delivery
from mockserver.outgoing.call import Headers, OutgoingCall
from mockserver.outgoing.destination import EgressRefused, read_url

Sign = Callable[[Delivery, int], Sequence[tuple[str, str]]]

_WRONG_KEY = "-of-somebody-else"
_BODILESS = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Parcel:
    """The headers and bytes of one attempt, and what the scenario's mischief did to them."""

    headers: Headers
    body: bytes
    mischief: tuple[str, ...] = ()


def packed(delivery: Delivery, sign: Sign, at: int, stamp: str | None) -> Parcel:
    """What the next attempt sends: the composed bytes signed as of `at` (milliseconds), tampered with if told so.

    `stamp` is the field of the body that tells its instant, where the signature of the provider has none.
    """
    number = delivery.tries + 1 if delivery.replay is None else delivery.made + 1
    spec = delivery.mischief
    if spec is None or not tampering.strikes(spec, number):
        return Parcel((*delivery.headers, *sign(delivery, at)), delivery.body)
    # Signed over exactly the bytes that are sent: an extra field is no forgery.
    spoilt = replace(delivery, body=tampering.body(spec, delivery.body, stamp))
    if spec.signature == "wrong_key":
        signature = sign(replace(spoilt, secret=spoilt.secret + _WRONG_KEY), at)
    else:
        signature = sign(spoilt, at - spec.age if spec.signature == "stale" else at)
    headers = (*delivery.headers, *tampering.signature(spec, signature))
    return Parcel(headers, spoilt.body, tampering.marks(spec))


def attempt_body(delivery: Delivery, mischief: Sequence[str], stamp: str | None) -> bytes:
    """The bytes of an attempt that was made: computed again, so that a huge body is not kept once an attempt."""
    tampered = delivery.mischief is not None and set(tampering.marks(delivery.mischief)) & set(mischief)
    return tampering.body(delivery.mischief, delivery.body, stamp) if tampered and delivery.mischief else delivery.body


def on_wire(call: OutgoingCall) -> Headers:
    """The headers of a call as they leave: Host comes first and Content-Length last where the call has none."""
    names = {name.lower() for name, _ in call.headers}
    try:
        host: Headers = () if "host" in names else (("Host", read_url(call.url).authority),)
    except EgressRefused:
        host = ()  # it does not leave
    bodiless = "content-length" in names or (not call.body and call.method in _BODILESS)
    return (*host, *call.headers, *(() if bodiless else (("Content-Length", str(len(call.body))),)))
