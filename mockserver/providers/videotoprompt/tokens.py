"""VideoToPrompt's token endpoint: exchange a code or a refresh token (RFC 6749), with PKCE (RFC 7636)."""

import base64
import binascii
import hmac
from hashlib import sha256
from typing import Any
from urllib.parse import unquote

from mockserver.core.faults import Refusal
from mockserver.kit.operations import Documented, Operation, Reply
from mockserver.kit.provider import Holder
from mockserver.providers.videotoprompt import models
from mockserver.providers.videotoprompt.grants import NO_STORE, is_known, new_token
from mockserver.sandbox.state import SandboxState
from mockserver.wire.exchange import Exchange

TOKEN_LASTS = 60 * 60_000
_ACCESS, _REFRESH = "v2p_at_", "v2p_rt_"
# The row of the ledger for new tokens.
_ISSUED = ("rule.oauth_access_tokens",)
_UNCACHED = {"Cache-Control": {"type": "string", "const": "no-store", "description": "tokens must not be cached"}}
_GRANTS = {
    "code": {
        "grant_type": "authorization_code",
        "code": "v2p_code_abc123",
        "redirect_uri": "https://app.example.com/callback",
        "client_id": "my-app",
        "client_secret": "my-secret",
    },
    "refresh": {"grant_type": "refresh_token", "refresh_token": "v2p_rt_abc123", "client_id": "my-app"},
}


class _Problem(Exception):
    """An error of RFC 6749: its code, a description, and the rows of the ledger for it."""

    def __init__(self, code: str, description: str, ledger_rows: tuple[str, ...] = ()) -> None:
        super().__init__(description)
        self.code = code
        self.ledger_rows = ledger_rows


def operations() -> tuple[Operation, ...]:
    """Return the token endpoint. It does not count against the limits of an account."""
    return (
        Operation(
            "oauth_token", "POST", "/oauth/token", token, "Exchange a code or a refresh token for tokens",
            {
                200: Documented("Tokens", models.Tokens, headers=_UNCACHED),
                400: Documented("Refused", models.OAuthError),
                401: Documented("The client is unknown", models.OAuthError),
                413: Documented("The form is too large", models.OAuthError),
            },
            models.TokenRequest, "form", public=True, secret=True,
            tag="oauth", error_reply=_token_error, examples=_GRANTS,
        ),
    )  # fmt: skip


def _token_error(refusal: Refusal) -> Reply | None:
    """Return the reply to an invalid request for tokens, in the format of RFC 6749 section 5.2."""
    if refusal.kind not in ("invalid_request", "unsupported_media_type", "too_large"):
        return None
    status = 413 if refusal.kind == "too_large" else 400
    body = {"error": "invalid_request", "error_description": refusal.message}
    row = "error.too_large" if status == 413 else "error.invalid_request"
    return Reply(status, body, NO_STORE, ledger_rows=(row, *refusal.ledger_rows, "rule.oauth_bad_forms"))


async def holder(key: str, sandbox: SandboxState, now: int) -> Holder | None:
    """Return the account of a credential, which is an access token or an API key."""
    if not key.startswith(_ACCESS):
        return Holder(key)
    token = await sandbox.store.get_value("access_token", key, now)
    return None if token is None else Holder(token["account"], frozenset(token["scope"].split()))


async def token(exchange: Exchange) -> Reply:
    """POST /oauth/token."""
    try:
        body: models.TokenRequest = exchange.body
        client = _client(exchange, body)
        if body.grant_type == "authorization_code":
            granted, rows = await _by_code(exchange, body, client)
        elif body.grant_type == "refresh_token":
            granted, rows = await _by_refresh(exchange, body, client)
        elif not body.grant_type:
            raise _Problem("invalid_request", "grant_type is required")
        else:
            raise _Problem("unsupported_grant_type", "grant_type must be authorization_code or refresh_token")
    except _Problem as problem:
        status = 401 if problem.code == "invalid_client" else 400
        challenge = ((b"www-authenticate", b'Basic realm="oauth"'),) if status == 401 else ()
        body_of_error = {"error": problem.code, "error_description": str(problem)}
        error_rows = (*problem.ledger_rows, f"error.{problem.code}")
        return Reply(status, body_of_error, (*NO_STORE, *challenge), ledger_rows=error_rows)
    return Reply(200, granted, NO_STORE, ledger_rows=rows)


async def _by_code(
    exchange: Exchange, body: models.TokenRequest, client: str
) -> tuple[dict[str, Any], tuple[str, ...]]:
    rows: tuple[str, ...] = ("rule.oauth_codes",)
    exchange.admit(*rows)
    grant = await exchange.sandbox.store.take_value("code", body.code, exchange.now)
    if grant is None:
        raise _Problem("invalid_grant", "The code is unknown, used or expired", rows)
    if grant["client"] != client or grant["redirect_uri"] != body.redirect_uri:
        raise _Problem("invalid_grant", "The code was issued to another client or redirect_uri", rows)
    if grant["challenge"]:
        rows = (*rows, "rule.oauth_pkce")
        exchange.admit(*rows)
    if grant["challenge"] and not _verified(grant, body.code_verifier):
        raise _Problem("invalid_grant", "code_verifier does not fit the code_challenge", rows)
    return await _issue(exchange, client, grant["account"], grant["scope"]), (*rows, *_ISSUED)


async def _by_refresh(
    exchange: Exchange, body: models.TokenRequest, client: str
) -> tuple[dict[str, Any], tuple[str, ...]]:
    rows: tuple[str, ...] = ("rule.oauth_rotation",)
    exchange.admit(*rows)
    grant = await exchange.sandbox.store.get_value("refresh_token", body.refresh_token, exchange.now)
    if grant is None or grant["client"] != client:
        raise _Problem("invalid_grant", "The refresh token is unknown or was used before", rows)
    scope = body.scope or grant["scope"]
    if body.scope:
        rows = (*rows, "rule.oauth_narrower")
        exchange.admit(*rows)
    if any(s not in grant["scope"].split() for s in scope.split()):
        raise _Problem("invalid_scope", "The scope is wider than what was granted", rows)
    await exchange.sandbox.store.take_value("refresh_token", body.refresh_token, exchange.now)
    return await _issue(exchange, client, grant["account"], grant["scope"], scope), (*rows, *_ISSUED)


async def _issue(
    exchange: Exchange, client: str, account: str, granted: str, scope: str | None = None
) -> dict[str, Any]:
    """Return new tokens. The refresh token keeps the whole scope, even if the access token has a narrower one."""
    exchange.admit(*_ISSUED)
    store, scope = exchange.sandbox.store, scope or granted
    access = _ACCESS + await new_token(exchange, "access", client, account, scope)
    refresh = _REFRESH + await new_token(exchange, "refresh", client, account, granted)
    await store.put_value("access_token", access, {"account": account, "scope": scope}, exchange.now + TOKEN_LASTS)
    await store.put_value("refresh_token", refresh, {"account": account, "scope": granted, "client": client})
    return {
        "access_token": access,
        "token_type": "Bearer",
        "expires_in": TOKEN_LASTS // 1000,
        "refresh_token": refresh,
        "scope": scope,
    }


def _client(exchange: Exchange, body: models.TokenRequest) -> str:
    """Return the id of the client, from HTTP Basic or form fields (RFC 6749 section 2.3.1)."""
    name, secret = body.client_id, body.client_secret
    scheme, _, rest = exchange.request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, secret = (unquote(p) for p in base64.b64decode(rest).decode().partition(":"))
        except (binascii.Error, UnicodeDecodeError):
            raise _Problem("invalid_client", "The Authorization header is not valid HTTP Basic") from None
    expected = exchange.option("clients", {}).get(name)
    if (
        not name
        or not is_known(exchange, name)
        or (expected is not None and not hmac.compare_digest(expected.encode(), secret.encode()))
    ):
        raise _Problem("invalid_client", "The client is unknown or its secret is wrong")
    return name


def _verified(grant: dict[str, Any], verifier: str) -> bool:
    if grant["method"] == "plain":
        return hmac.compare_digest(verifier.encode(), grant["challenge"].encode())
    challenge = base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=")
    return hmac.compare_digest(challenge, grant["challenge"].encode())
