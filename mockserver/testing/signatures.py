"""Verifies the signatures of webhooks as a receiver does, from the provider's documentation."""

import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mockserver.core.accounts import Account
from mockserver.core.scenario import WebhookSpec
from mockserver.core.signing import hmac_sha256
from mockserver.providers.descrideo.secrets import secret_of
from mockserver.sandbox.sandbox import Sandbox

Verdict = Literal["valid", "invalid", "stale", "missing"]

# How many milliseconds a signed timestamp may differ from now. Receivers usually allow five minutes.
TOLERANCE = 300_000


def _account_secret(sandbox: Sandbox, account_id: str, account: Account | None) -> str:
    webhook = account.webhook if account is not None else None
    return webhook.secret if webhook is not None else str(WebhookSpec.model_fields["secret"].default)


def _event_field(body: Any) -> str | None:
    return body.get("event") if isinstance(body, Mapping) else None


def _description_event(body: Any) -> str | None:
    status = body.get("status") if isinstance(body, Mapping) else None
    return f"description.{status}" if status in ("succeeded", "failed") else None


@dataclass(frozen=True, slots=True)
class Scheme:
    """How a provider signs its webhooks.

    `header` has the signature, and `timestamp` is the header with the signed time in seconds, if there is one.
    `secret` returns the secret of an account, and `event` the event of a body. `by_account` is true if the URL is set
    for an account, and false if each request has it.
    """

    provider: str
    header: str
    timestamp: str | None
    secret: Callable[[Sandbox, str, Account | None], str]
    event: Callable[[Any], str | None]
    by_account: bool = False

    def verdict(self, headers: Mapping[str, str], body: bytes, secrets: Iterable[str], now: int) -> Verdict:
        """Check whether a call is signed with one of the secrets. `now` is in milliseconds."""
        signature, stamp = headers.get(self.header), headers.get(self.timestamp or "", "")
        if signature is None:
            return "missing"
        parts = (body, stamp.encode("latin-1", "replace"))
        valid = (f"sha256={hmac_sha256(secret, *parts)}".encode() for secret in secrets)
        if not any(hmac.compare_digest(signature.encode(), each) for each in valid):
            return "invalid"
        if self.timestamp is not None and (not stamp.isdigit() or abs(int(stamp) * 1000 - now) > TOLERANCE):
            return "stale"
        return "valid"


# FACTS section 1, webhook, and section 4, webhook. The other providers send no webhooks.
SCHEMES = (
    Scheme("videotoprompt", "x-v2p-signature", None, _account_secret, _event_field, by_account=True),
    Scheme("descrideo", "x-nxt-signature", "x-nxt-timestamp", secret_of, _description_event),
)


def scheme_of(headers: Mapping[str, str]) -> Scheme | None:
    """Return the scheme whose headers a call has, or None."""
    return next((s for s in SCHEMES if s.header in headers or (s.timestamp or s.header) in headers), None)
