"""VideoToPrompt's authorization endpoint (RFC 6749): issue a code at once, or after the consent page."""

import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlencode

from mockserver.core.faults import HTTP_STATUS, Refusal
from mockserver.kit.operations import Documented, Operation, Reply
from mockserver.providers.videotoprompt import models
from mockserver.providers.videotoprompt.grants import NO_STORE, SCOPES, is_known, new_token
from mockserver.wire.exchange import Exchange

CODE_LASTS = 10 * 60_000
HTML = "text/html; charset=utf-8"
_AUTHORIZE = (
    "Redirects at once with a code, so that tests need no browser. Shows a consent page if the scenario has "
    "`auto_approve: false`. A code is valid once, for ten minutes."
)
_ANSWERS = {"approve": {"decision": "approve"}, "deny": {"decision": "deny"}}
_IS_REDIRECT_URI = re.compile(models.REDIRECT_URI).fullmatch


def operations() -> tuple[Operation, ...]:
    """Return the authorization endpoint and its page. They do not count against the limits of an account."""
    page = Documented("A consent page for the user", content_type=HTML)
    redirect = Documented(
        "Redirect to the client, with a code or an error in the query",
        content_type="text/plain; charset=utf-8",
        headers={"Location": {"type": "string", "description": "redirect_uri with `code` or `error`, and `state`"}},
    )
    untrusted = Documented("The client is unknown or its redirect URI is invalid", content_type=HTML)
    large = Documented("The form is too large", content_type=HTML)
    other = Documented("The body is not a form", content_type=HTML)
    return (
        Operation(
            "oauth_authorize", "GET", "/oauth/authorize", authorize, "Request access from a user",
            {200: page, 302: redirect, 400: untrusted}, query=models.AuthorizeQuery, public=True, secret=True,
            tag="oauth", host="videotoprompt.org", description=_AUTHORIZE,
        ),
        Operation(
            "oauth_consent", "POST", "/oauth/authorize", consent, "Submit the consent page",
            {302: redirect, 400: untrusted, 413: large, 415: other}, models.Consent, "form", models.AuthorizeQuery,
            public=True, secret=True, tag="oauth", host="videotoprompt.org", error_reply=_page_for, examples=_ANSWERS,
        ),
    )  # fmt: skip


def _page_for(refusal: Refusal) -> Reply | None:
    """Return the page about a problem of the consent form."""
    status = HTTP_STATUS.get(refusal.kind)
    if refusal.kind not in ("invalid_request", "unsupported_media_type", "too_large") or status is None:
        return None
    # The page is for the user and has no error code.
    row = "error.invalid_request" if status == 400 else f"error.{refusal.kind}"
    rows = (row, *refusal.ledger_rows, "rule.oauth_bad_forms")
    return _page(status, "Authorization refused", f"<p>{_escaped(refusal.message)}</p>", rows)


async def authorize(exchange: Exchange) -> Reply:
    """GET /oauth/authorize: redirect at once with a code, or show the consent page."""
    problem = _untrusted(exchange)
    if problem:
        return _refused(problem)
    if exchange.option("auto_approve", True):
        return await _decided(exchange, ("rule.oauth_auto_approve",), approved=True)
    scope = _escaped(exchange.query.get("scope") or " ".join(SCOPES))
    form = (
        f"<p><b>{_escaped(exchange.query['client_id'])}</b> asks for access to your account: <code>{scope}</code>.</p>"
        '<form method="post"><button name="decision" value="approve">Approve</button> '
        '<button name="decision" value="deny">Deny</button></form>'
    )
    return _page(200, "Approve access", form, ("rule.oauth_consent_page",))


async def consent(exchange: Exchange) -> Reply:
    """POST /oauth/authorize: the user's decision on the consent page."""
    problem = _untrusted(exchange)
    if problem:
        return _refused(problem)
    return await _decided(exchange, (), approved=exchange.body.decision == "approve")


def _untrusted(exchange: Exchange) -> str | None:
    """Return why the user is not redirected to the client (RFC 6749 section 4.1.2.1), or None."""
    client, redirect_uri = exchange.query.get("client_id", ""), exchange.query.get("redirect_uri", "")
    if not client or not is_known(exchange, client):
        return "client_id is missing or unknown"
    if not _IS_REDIRECT_URI(redirect_uri):
        return "redirect_uri must be an absolute URI without a fragment, with a scheme that allows redirects"
    return None


def _refused(problem: str) -> Reply:
    return _page(400, "Authorization refused", f"<p>{_escaped(problem)}</p>", ("error.untrusted_client",))


async def _decided(exchange: Exchange, rows: tuple[str, ...], *, approved: bool) -> Reply:
    query = exchange.query
    scopes = (query.get("scope") or " ".join(SCOPES)).split()
    error = _error(query, scopes, approved=approved)
    answer: dict[str, str] = {}
    if "state" in query:
        rows = (*rows, "rule.oauth_state")
    if error:
        rows = (*rows, f"error.{error}")
        answer["error"] = error
    else:
        rows = (*rows, *_rows_of_code(query))
        exchange.admit(*rows)
        answer["code"] = await _new_code(exchange, " ".join(scopes))
    if "state" in query:
        answer["state"] = query["state"]
    redirect_uri = query["redirect_uri"]
    location = f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{urlencode(answer)}"
    headers = ((b"location", location.encode()), *NO_STORE)
    return Reply(302, b"", headers, "text/plain; charset=utf-8", ledger_rows=rows)


def _error(query: Mapping[str, str], scopes: Sequence[str], *, approved: bool) -> str | None:
    """Return the error that the client gets instead of a code (RFC 6749 section 4.1.2.1), or None."""
    if query.get("response_type") != "code":
        return "unsupported_response_type" if query.get("response_type") else "invalid_request"
    if any(s not in SCOPES for s in scopes):
        return "invalid_scope"
    if query.get("code_challenge") and query.get("code_challenge_method", "plain") not in ("S256", "plain"):
        return "invalid_request"
    return None if approved else "access_denied"


def _rows_of_code(query: Mapping[str, str]) -> Iterator[str]:
    """Yield the rows of the ledger for a new code."""
    yield "rule.oauth_codes"
    if not query.get("scope"):
        yield "rule.oauth_all_scopes"
    if query.get("code_challenge"):
        yield "rule.oauth_pkce"


async def _new_code(exchange: Exchange, scope: str) -> str:
    query = exchange.query
    code = "v2p_code_" + await new_token(exchange, "code", query["client_id"], query["redirect_uri"], scope)
    value = {
        "client": query["client_id"],
        "redirect_uri": query["redirect_uri"],
        "scope": scope,
        "challenge": query.get("code_challenge", ""),
        "method": query.get("code_challenge_method", "plain"),
        "account": exchange.option("oauth_account", "oauth-user"),
    }
    await exchange.sandbox.store.put_value("code", code, value, exchange.now + CODE_LASTS)
    return code


def _escaped(text: str) -> str:
    from html import escape  # loads the names of all named characters, and few clients see these pages

    return escape(text)


def _page(status: int, title: str, inner: str, rows: tuple[str, ...]) -> Reply:
    html = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        "<style>body{font:16px/1.5 system-ui;max-width:32rem;margin:15vh auto;padding:0 1rem}"
        "button{font:inherit;padding:.4rem 1.2rem}</style>"
        f"<h1>{title}</h1>{inner}</html>"
    )
    policy = (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; form-action 'self' *")
    return Reply(status, html.encode(), (policy, *NO_STORE), HTML, ledger_rows=rows)
