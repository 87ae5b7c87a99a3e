"""What the endpoints of VideoToPrompt's OAuth 2 share: scopes, clients, and values that no other grant has."""

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


def known(exchange: Exchange, client: str) -> bool:
    """True for a client that the scenario names; where it names none, for every one without `invalid` in its id."""
    clients = exchange.option("clients", {})
    return client in clients if clients else "invalid" not in client


async def fresh(exchange: Exchange, *what: str) -> str:
    """A token that no other has; in a sandbox that is not the default one it names it, as API keys may."""
    number = await exchange.sandbox.store.next_number("oauth", *what)
    seeded: Seeded = exchange.seeded.child("oauth", *what)
    marked = "" if exchange.sandbox.name == "default" else f"sbx-{exchange.sandbox.name}-"
    return marked + seeded.token(32, number)
