"""VideoToPrompt's token endpoint: codes and refresh tokens become access tokens (RFC 6749), with PKCE (RFC 7636)."""

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
from mockserver.providers.videotoprompt.grants import NO_STORE, fresh, known
from mockserver.sandbox.sandbox import Sandbox
from mockserver.wire.call import Call

TOKEN_LASTS = 60 * 60_000
_ACCESS, _REFRESH = "v2p_at_", "v2p_rt_"
_UNCACHED = {"Cache-Control": {"type": "string", "const": "no-store", "description": "tokens are not to be kept"}}
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
    """An error of RFC 6749: its code, and a description for people."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code = code


def operations() -> tuple[Operation, ...]:
    """The token endpoint. It is not counted against the limits of an account."""
    return (
        Operation(
            "oauth_token", "POST", "/oauth/token", token, "Exchange a code or a refresh token for tokens",
            {
                200: Documented("Tokens", models.Tokens, headers=_UNCACHED),
                400: Documented("Refused", models.OAuthError),
                401: Documented("The client is not known", models.OAuthError),
                413: Documented("The form is too large", models.OAuthError),
            },
            models.TokenRequest, "form", public=True, secret=True,
            tag="oauth", spell=_token_error, examples=_GRANTS,
        ),
    )  # fmt: skip


def _token_error(refusal: Refusal) -> Reply | None:
    """What is wrong with a request for tokens, as the client's OAuth library reads it (RFC 6749 section 5.2)."""
    if refusal.kind not in ("invalid_request", "unsupported_media_type", "too_large"):
        return None
    status = 413 if refusal.kind == "too_large" else 400
    return Reply(status, {"error": "invalid_request", "error_description": refusal.message}, NO_STORE)


async def holder(key: str, sandbox: Sandbox, now: int) -> Holder | None:
    """The account behind a bearer credential: an access token's, or an API key itself."""
    if not key.startswith(_ACCESS):
        return Holder(key)
    found = await sandbox.store.get_value("access_token", key, now)
    return None if found is None else Holder(found["account"], frozenset(found["scope"].split()))


async def token(call: Call) -> Reply:
    """POST /oauth/token."""
    try:
        body: models.TokenRequest = call.body
        client = _client(call, body)
        if body.grant_type == "authorization_code":
            granted = await _by_code(call, body, client)
        elif body.grant_type == "refresh_token":
            granted = await _by_refresh(call, body, client)
        elif not body.grant_type:
            raise _Problem("invalid_request", "grant_type is required")
        else:
            raise _Problem("unsupported_grant_type", "grant_type must be authorization_code or refresh_token")
    except _Problem as problem:
        call.rests_on(f"error.{problem.code}")
        status = 401 if problem.code == "invalid_client" else 400
        challenge = ((b"www-authenticate", b'Basic realm="oauth"'),) if status == 401 else ()
        return Reply(status, {"error": problem.code, "error_description": str(problem)}, (*NO_STORE, *challenge))
    return Reply(200, granted, NO_STORE)


async def _by_code(call: Call, body: models.TokenRequest, client: str) -> dict[str, Any]:
    call.rests_on("rule.oauth_codes")
    grant = await call.sandbox.store.take_value("code", body.code, call.now)
    if grant is None:
        raise _Problem("invalid_grant", "The code is unknown, used or expired")
    if grant["client"] != client or grant["redirect_uri"] != body.redirect_uri:
        raise _Problem("invalid_grant", "The code was issued to another client or redirect_uri")
    if grant["challenge"]:
        call.rests_on("rule.oauth_pkce")
    if grant["challenge"] and not _verified(grant, body.code_verifier):
        raise _Problem("invalid_grant", "code_verifier does not fit the code_challenge")
    return await _issue(call, client, grant["account"], grant["scope"])


async def _by_refresh(call: Call, body: models.TokenRequest, client: str) -> dict[str, Any]:
    call.rests_on("rule.oauth_rotation")
    grant = await call.sandbox.store.get_value("refresh_token", body.refresh_token, call.now)
    if grant is None or grant["client"] != client:
        raise _Problem("invalid_grant", "The refresh token is unknown or was used before")
    scope = body.scope or grant["scope"]
    if body.scope:
        call.rests_on("rule.oauth_narrower")
    if any(s not in grant["scope"].split() for s in scope.split()):
        raise _Problem("invalid_scope", "The scope is wider than what was granted")
    await call.sandbox.store.take_value("refresh_token", body.refresh_token, call.now)
    return await _issue(call, client, grant["account"], grant["scope"], scope)


async def _issue(call: Call, client: str, account: str, granted: str, scope: str | None = None) -> dict[str, Any]:
    """New tokens; the refresh token keeps the whole grant, whatever the access token is narrowed to."""
    call.rests_on("rule.oauth_access_tokens")
    store, scope = call.sandbox.store, scope or granted
    access = _ACCESS + await fresh(call, "access", client, account, scope)
    refresh = _REFRESH + await fresh(call, "refresh", client, account, granted)
    await store.put_value("access_token", access, {"account": account, "scope": scope}, call.now + TOKEN_LASTS)
    await store.put_value("refresh_token", refresh, {"account": account, "scope": granted, "client": client})
    return {
        "access_token": access,
        "token_type": "Bearer",
        "expires_in": TOKEN_LASTS // 1000,
        "refresh_token": refresh,
        "scope": scope,
    }


def _client(call: Call, body: models.TokenRequest) -> str:
    """The client that asks, by HTTP Basic or form fields (RFC 6749 section 2.3.1)."""
    name, secret = body.client_id, body.client_secret
    scheme, _, rest = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, secret = (unquote(p) for p in base64.b64decode(rest).decode().partition(":"))
        except (binascii.Error, UnicodeDecodeError):
            raise _Problem("invalid_client", "The Authorization header is not valid HTTP Basic") from None
    expected = call.option("clients", {}).get(name)
    if (
        not name
        or not known(call, name)
        or (expected is not None and not hmac.compare_digest(expected.encode(), secret.encode()))
    ):
        raise _Problem("invalid_client", "The client is unknown or its secret is wrong")
    return name


def _verified(grant: dict[str, Any], verifier: str) -> bool:
    if grant["method"] == "plain":
        return hmac.compare_digest(verifier.encode(), grant["challenge"].encode())
    made = base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=")
    return hmac.compare_digest(made, grant["challenge"].encode())
