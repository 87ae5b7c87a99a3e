"""Scopes, clients and tokens, which the endpoints of VideoToPrompt's OAuth 2 share."""

from collections.abc import Mapping
from typing import Any

from mockserver.core.seeded import Seeded
from mockserver.wire.exchange import Exchange

SCOPES = ("analyze:read", "analyze:write", "account:read")
SCHEME: Mapping[str, Any] = {
    "type": "oauth2",
    "flows": {
        "authorizationCode": {
            "authorizationUrl": "https://videotoprompt.org/oauth/authorize",
            "tokenUrl": "https://api.videotoprompt.org/oauth/token",
            "refreshUrl": "https://api.videotoprompt.org/oauth/token",
            "scopes": {
                "analyze:read": "read analyses and batches",
                "analyze:write": "submit analyses and batches",
                "account:read": "read the account",
            },
        }
    },
}
# Codes and tokens must not be cached on the way (RFC 6749 section 5.1).
NO_STORE = ((b"cache-control", b"no-store"), (b"pragma", b"no-cache"))


def is_known(exchange: Exchange, client: str) -> bool:
    """Return whether the scenario names a client. If it names none, each id without `invalid` is known."""
    clients = exchange.option("clients", {})
    return client in clients if clients else "invalid" not in client


async def new_token(exchange: Exchange, *purpose: str) -> str:
    """Return a new token. Outside the default sandbox it contains the sandbox's name, as API keys can."""
    number = await exchange.sandbox.store.next_number("oauth", *purpose)
    seeded: Seeded = exchange.seeded.child("oauth", *purpose)
    marked = "" if exchange.sandbox.name == "default" else f"sbx-{exchange.sandbox.name}-"
    return marked + seeded.token(32, number)
