"""Signatures of webhooks, checked as a receiver of them would: by the provider's documents alone."""

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

# Milliseconds that a signed timestamp may be off: what receivers usually allow.
TOLERANCE = 300_000


def _of_account(sandbox: Sandbox, account_id: str, account: Account | None) -> str:
    webhook = account.webhook if account is not None else None
    return webhook.secret if webhook is not None else str(WebhookSpec.model_fields["secret"].default)


def _named(body: Any) -> str | None:
    return body.get("event") if isinstance(body, Mapping) else None


def _description(body: Any) -> str | None:
    status = body.get("status") if isinstance(body, Mapping) else None
    return f"description.{status}" if status in ("succeeded", "failed") else None


@dataclass(frozen=True, slots=True)
class Scheme:
    """How a provider signs: the header, the one with the signed seconds if there is one, and whose secret it is.

    Where events go is set for an account (`by_account`), or said by each request.
    """

    provider: str
    header: str
    timestamp: str | None
    secret: Callable[[Sandbox, str, Account | None], str]
    event: Callable[[Any], str | None]
    by_account: bool = False

    def verdict(self, headers: Mapping[str, str], body: bytes, secrets: Iterable[str], now: int) -> Verdict:
        """Whether a call of this provider is signed by one of the secrets; `now` is in milliseconds."""
        given, stamp = headers.get(self.header), headers.get(self.timestamp or "", "")
        if given is None:
            return "missing"
        parts = (body, stamp.encode("latin-1", "replace"))
        if not any(hmac.compare_digest(given.encode(), f"sha256={hmac_sha256(s, *parts)}".encode()) for s in secrets):
            return "invalid"
        if self.timestamp is not None and (not stamp.isdigit() or abs(int(stamp) * 1000 - now) > TOLERANCE):
            return "stale"
        return "valid"


# FACTS section 1, webhook, and section 4, webhook. The other providers send nothing.
SCHEMES = (
    Scheme("videotoprompt", "x-v2p-signature", None, _of_account, _named, by_account=True),
    Scheme("descrideo", "x-nxt-signature", "x-nxt-timestamp", secret_of, _description),
)


def scheme_of(headers: Mapping[str, str]) -> Scheme | None:
    """The scheme whose headers a call has."""
    return next((s for s in SCHEMES if s.header in headers or (s.timestamp or s.header) in headers), None)
