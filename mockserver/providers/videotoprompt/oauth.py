"""VideoToPrompt's OAuth 2: the authorization code and refresh token grants (RFC 6749), with PKCE (RFC 7636)."""

import base64
import binascii
import hmac
import re
from collections.abc import Mapping
from hashlib import sha256
from html import escape
from typing import Any
from urllib.parse import unquote, urlencode

from mockserver.core.faults import HTTP_STATUS, Refusal
from mockserver.core.seeded import Seeded
from mockserver.providers.base import Documented, Holder, Operation, Reply
from mockserver.providers.videotoprompt import models
from mockserver.sandbox import Sandbox
from mockserver.wire.call import Call

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
CODE_LASTS = 10 * 60_000
TOKEN_LASTS = 60 * 60_000
_ACCESS, _REFRESH = "v2p_at_", "v2p_rt_"
_NO_STORE = ((b"cache-control", b"no-store"), (b"pragma", b"no-cache"))
HTML = "text/html; charset=utf-8"
_UNCACHED = {"Cache-Control": {"type": "string", "const": "no-store", "description": "tokens are not to be kept"}}
_AUTHORIZE = (
    "Redirects at once with a code, so that tests need no browser; shows a consent page where the scenario says "
    "`auto_approve: false`. Codes work once and for ten minutes."
)
_ANSWERS = {"approve": {"decision": "approve"}, "deny": {"decision": "deny"}}
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
_IS_REDIRECT_URI = re.compile(models.REDIRECT_URI).fullmatch


class _Problem(Exception):
    """An error of RFC 6749: its code, and a description for people."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code = code


def operations() -> tuple[Operation, ...]:
    """The authorization and token endpoints. They are not counted against the limits of an account."""
    page = Documented("A consent page for a person", content_type=HTML)
    redirect = Documented(
        "Back to the client, with a code or an error in the query",
        content_type="text/plain; charset=utf-8",
        headers={"Location": {"type": "string", "description": "redirect_uri with `code` or `error`, and `state`"}},
    )
    wrong = Documented("The client or its redirect URI cannot be trusted", content_type=HTML)
    large = Documented("The form is too large", content_type=HTML)
    other = Documented("The form is no form", content_type=HTML)
    return (
        Operation(
            "oauth_authorize", "GET", "/oauth/authorize", authorize, "Ask a user for access",
            {200: page, 302: redirect, 400: wrong}, query=models.AuthorizeQuery, public=True, secret=True,
            tag="oauth", host="videotoprompt.org", description=_AUTHORIZE,
        ),
        Operation(
            "oauth_consent", "POST", "/oauth/authorize", consent, "Answer the consent page",
            {302: redirect, 400: wrong, 413: large, 415: other}, models.Consent, "form", models.AuthorizeQuery,
            public=True, secret=True, tag="oauth", host="videotoprompt.org", spell=_page_for, examples=_ANSWERS,
        ),
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


def _page_for(refusal: Refusal) -> Reply | None:
    """What is wrong with the form of the consent page, for the person who sent it."""
    status = HTTP_STATUS.get(refusal.kind)
    if refusal.kind not in ("invalid_request", "unsupported_media_type", "too_large") or status is None:
        return None
    return _page(status, "Authorization refused", f"<p>{escape(refusal.message)}</p>")


def _token_error(refusal: Refusal) -> Reply | None:
    """What is wrong with a request for tokens, as the client's OAuth library reads it (RFC 6749 section 5.2)."""
    if refusal.kind not in ("invalid_request", "unsupported_media_type", "too_large"):
        return None
    status = 413 if refusal.kind == "too_large" else 400
    return Reply(status, {"error": "invalid_request", "error_description": refusal.message}, _NO_STORE)


async def holder(key: str, sandbox: Sandbox, now: int) -> Holder | None:
    """The account behind a bearer credential: an access token's, or an API key itself."""
    if not key.startswith(_ACCESS):
        return Holder(key)
    found = await sandbox.store.get_value("access_token", key, now)
    return None if found is None else Holder(found["account"], frozenset(found["scope"].split()))


async def authorize(call: Call) -> Reply:
    """GET /oauth/authorize: redirect at once with a code, or show the consent page."""
    wrong = _untrusted(call)
    if wrong:
        return _page(400, "Authorization refused", f"<p>{escape(wrong)}</p>")
    if call.option("auto_approve", True):
        return await _decided(call, approved=True)
    scope = escape(call.query.get("scope") or " ".join(SCOPES))
    form = (
        f"<p><b>{escape(call.query['client_id'])}</b> asks for access to your account: <code>{scope}</code>.</p>"
        '<form method="post"><button name="decision" value="approve">Approve</button> '
        '<button name="decision" value="deny">Deny</button></form>'
    )
    return _page(200, "Approve access", form)


async def consent(call: Call) -> Reply:
    """POST /oauth/authorize: the person has answered."""
    wrong = _untrusted(call)
    if wrong:
        return _page(400, "Authorization refused", f"<p>{escape(wrong)}</p>")
    return await _decided(call, approved=call.body.decision == "approve")


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
        status = 401 if problem.code == "invalid_client" else 400
        challenge = ((b"www-authenticate", b'Basic realm="oauth"'),) if status == 401 else ()
        return Reply(status, {"error": problem.code, "error_description": str(problem)}, (*_NO_STORE, *challenge))
    return Reply(200, granted, _NO_STORE)


def _untrusted(call: Call) -> str | None:
    """Why the person cannot be sent back to the client (RFC 6749 section 4.1.2.1), or None."""
    client, back = call.query.get("client_id", ""), call.query.get("redirect_uri", "")
    if not client or not _known(call, client):
        return "client_id is missing or unknown"
    if not _IS_REDIRECT_URI(back):
        return "redirect_uri must be an absolute URI without a fragment, and of a scheme that can be redirected to"
    return None


async def _decided(call: Call, *, approved: bool) -> Reply:
    query = call.query
    scopes = (query.get("scope") or " ".join(SCOPES)).split()
    answer: dict[str, str] = {}
    if query.get("response_type") != "code":
        answer["error"] = "unsupported_response_type" if query.get("response_type") else "invalid_request"
    elif any(s not in SCOPES for s in scopes):
        answer["error"] = "invalid_scope"
    elif query.get("code_challenge") and query.get("code_challenge_method", "plain") not in ("S256", "plain"):
        answer["error"] = "invalid_request"
    elif not approved:
        answer["error"] = "access_denied"
    else:
        answer["code"] = await _new_code(call, " ".join(scopes))
    if "state" in query:
        answer["state"] = query["state"]
    back = query["redirect_uri"]
    joint = "&" if "?" in back else "?"
    location = f"{back}{joint}{urlencode(answer)}"
    return Reply(302, b"", ((b"location", location.encode()), *_NO_STORE), "text/plain; charset=utf-8")


async def _new_code(call: Call, scope: str) -> str:
    query = call.query
    code = "v2p_code_" + await _fresh(call, "code", query["client_id"], query["redirect_uri"], scope)
    value = {
        "client": query["client_id"],
        "redirect_uri": query["redirect_uri"],
        "scope": scope,
        "challenge": query.get("code_challenge", ""),
        "method": query.get("code_challenge_method", "plain"),
        "account": call.option("oauth_account", "oauth-user"),
    }
    await call.sandbox.store.put_value("code", code, value, call.now + CODE_LASTS)
    return code


async def _by_code(call: Call, body: models.TokenRequest, client: str) -> dict[str, Any]:
    grant = await call.sandbox.store.take_value("code", body.code, call.now)
    if grant is None:
        raise _Problem("invalid_grant", "The code is unknown, used or expired")
    if grant["client"] != client or grant["redirect_uri"] != body.redirect_uri:
        raise _Problem("invalid_grant", "The code was issued to another client or redirect_uri")
    if grant["challenge"] and not _verified(grant, body.code_verifier):
        raise _Problem("invalid_grant", "code_verifier does not fit the code_challenge")
    return await _issue(call, client, grant["account"], grant["scope"])


async def _by_refresh(call: Call, body: models.TokenRequest, client: str) -> dict[str, Any]:
    grant = await call.sandbox.store.get_value("refresh_token", body.refresh_token, call.now)
    if grant is None or grant["client"] != client:
        raise _Problem("invalid_grant", "The refresh token is unknown or was used before")
    scope = body.scope or grant["scope"]
    if any(s not in grant["scope"].split() for s in scope.split()):
        raise _Problem("invalid_scope", "The scope is wider than what was granted")
    await call.sandbox.store.take_value("refresh_token", body.refresh_token, call.now)
    return await _issue(call, client, grant["account"], grant["scope"], scope)


async def _issue(call: Call, client: str, account: str, granted: str, scope: str | None = None) -> dict[str, Any]:
    """New tokens; the refresh token keeps the whole grant, whatever the access token is narrowed to."""
    store, scope = call.sandbox.store, scope or granted
    access = _ACCESS + await _fresh(call, "access", client, account, scope)
    refresh = _REFRESH + await _fresh(call, "refresh", client, account, granted)
    await store.put_value("access_token", access, {"account": account, "scope": scope}, call.now + TOKEN_LASTS)
    await store.put_value("refresh_token", refresh, {"account": account, "scope": granted, "client": client})
    return {
        "access_token": access,
        "token_type": "Bearer",
        "expires_in": TOKEN_LASTS // 1000,
        "refresh_token": refresh,
        "scope": scope,
    }


async def _fresh(call: Call, *what: str) -> str:
    """A token that no other has; in a sandbox that is not the default one it names it, as API keys may."""
    number = await call.sandbox.store.next_number("oauth", *what)
    seeded: Seeded = call.seeded.child("oauth", *what)
    marked = "" if call.sandbox.name == "default" else f"sbx-{call.sandbox.name}-"
    return marked + seeded.token(32, number)


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
        or not _known(call, name)
        or (expected is not None and not hmac.compare_digest(expected.encode(), secret.encode()))
    ):
        raise _Problem("invalid_client", "The client is unknown or its secret is wrong")
    return name


def _known(call: Call, client: str) -> bool:
    clients = call.option("clients", {})
    return client in clients if clients else "invalid" not in client


def _verified(grant: dict[str, Any], verifier: str) -> bool:
    if grant["method"] == "plain":
        return hmac.compare_digest(verifier.encode(), grant["challenge"].encode())
    made = base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=")
    return hmac.compare_digest(made, grant["challenge"].encode())


def _page(status: int, title: str, inner: str) -> Reply:
    html = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        "<style>body{font:16px/1.5 system-ui;max-width:32rem;margin:15vh auto;padding:0 1rem}"
        "button{font:inherit;padding:.4rem 1.2rem}</style>"
        f"<h1>{title}</h1>{inner}</html>"
    )
    policy = (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; form-action 'self' *")
    return Reply(status, html.encode(), (policy, *_NO_STORE), HTML)
