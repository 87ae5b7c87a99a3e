"""Refusals of a provider: its replies to requests that fail, with what the journal says about them."""

from collections.abc import Sequence
from dataclasses import replace

from mockserver.core.faults import Fault, Refusal
from mockserver.core.limits import Usage
from mockserver.kit.errors import RefusalContext
from mockserver.kit.operations import Header, Operation, Reply
from mockserver.kit.provider import Provider
from mockserver.provenance.policy import AssumedBehaviour
from mockserver.sandbox.sandbox import Sandbox
from mockserver.wire import checks
from mockserver.wire.checks import Admission
from mockserver.wire.cors import CrossOrigin
from mockserver.wire.exchange import Policy
from mockserver.wire.reply import date
from mockserver.wire.request import Unread
from mockserver.wire.routes import Match
from mockserver.wire.services import credential, current_usage


class Refusals:
    """Makes the replies to the refused requests of one provider, in its format."""

    def __init__(self, provider: Provider, policy: Policy, cross_origin: CrossOrigin) -> None:
        self._provider = provider
        self._policy = policy
        self._cross_origin = cross_origin

    def scripted(self, admission: Admission, fault: Fault) -> Refusal:
        """Return the refusal for a fault of the scenario."""
        refusal = Refusal(fault.kind, fault.message or "", scripted=True, retry_after=fault.retry_after)
        if fault.kind == "rate_limited":
            usage = admission.usage or self._provider.unused_limits(admission.now)
            refusal.usage = _exhausted(usage, admission.now, fault.retry_after)
        return refusal

    def reply(self, admission: Admission, refusal: Refusal, path: str) -> Reply:
        """Return the reply to a refused request, in the provider's format. `path` is the provider's own path."""
        operation, account = admission.operation, admission.optional_account
        admission.usage = refusal.usage or admission.usage
        admission.deviations = (*admission.deviations, *refusal.deviations)[: checks.MAX_DEVIATIONS]
        admission.job = refusal.job or admission.job
        admission.retry_at = self._retry_at(admission, refusal)
        reply = operation.error_reply(refusal) if operation is not None and operation.error_reply is not None else None
        if reply is None:
            options = admission.sandbox.program.options.get(self._provider.name, {})
            context = RefusalContext(
                operation, account, admission.usage, admission.body, options, self._policy.strict, admission.now, path
            )
            reply = self._provider.error_reply(refusal, context)
        try:
            admission.note_rows(reply.ledger_rows)
        except AssumedBehaviour as assumed:
            return undocumented(admission, assumed)
        note = admission.note or reply.note or (str(refusal) if refusal.message or refusal.note else None)
        return reply._replace(headers=_with_refusal_headers(reply, refusal), note=note)

    def _retry_at(self, admission: Admission, refusal: Refusal) -> int | None:
        """Return the instant before which the reply asks the client not to come back; None if it does not ask."""
        if refusal.retry_after is not None:
            return admission.now + -(-refusal.retry_after // 1000) * 1000
        if refusal.kind == "rate_limited" and self._provider.reports_reset and admission.usage:
            return admission.usage[0].resets_at
        return None

    async def reply_to_unread(
        self, unread: Unread, path: str, match: Match[Operation] | None, sandbox: Sandbox
    ) -> Reply:
        """Return the reply to a request that is not valid HTTP or arrived incomplete. 405 is for an unknown method.

        `path` and `match` are as for `Edge.serve`.
        """
        status, message, headers = unread.status, unread.message, unread.headers
        refusal = Refusal("invalid_request", message)
        if status == 405:
            refusal = no_such_path(message) if match is None else self.no_such_method(match)
        elif status == 503:
            refusal = Refusal("overloaded", message)
        reply = self._provider.error_reply(refusal, RefusalContext(path=path))
        now = sandbox.clock.now()
        usage = await current_usage(self._provider, sandbox, credential(self._provider, headers), now)
        extra = (
            date(now),
            *_with_refusal_headers(reply, refusal),
            *self._provider.usage_headers(usage),
            *self._cross_origin.headers(headers, chosen=sandbox.program.cors),
        )
        return reply._replace(status=reply.status if status in (405, 503) else status, headers=extra)

    def no_such_method(self, match: Match[Operation]) -> Refusal:
        """Return the refusal of a method that the operations at a path do not have."""
        allowed = self._cross_origin.allowed(match)
        return Refusal("method_not_allowed", "Method not allowed", row="method_not_allowed", allow=allowed)


def no_such_path(message: str) -> Refusal:
    """Return the refusal of a path that the provider does not have."""
    return Refusal("not_found", message, row="no_such_path")


def undocumented(admission: Admission, assumed: AssumedBehaviour) -> Reply:
    """Return a 501 that names the assumption, as problem details (RFC 9457)."""
    admission.rows = ()
    detail = (
        f"This reply rests on an assumption: {assumed.what} ({assumed.why}). The server was started with --no-assumed. "
        "Without that option it sends the reply, and names the assumption in the journal."
    )
    body = {"title": "The provider does not document this", "status": 501, "detail": detail, "rule": assumed.row}
    if assumed.page is not None:
        body["page"] = assumed.page
    note = f"refused: the reply rests on an assumption: {assumed.row}"
    return Reply(501, body, content_type="application/problem+json", note=note)


def _exhausted(usage: Sequence[Usage], now: int, retry_after: int | None) -> Sequence[Usage]:
    """Return `usage` with the first limit used up, for a rate-limit fault. Nothing is counted."""
    if not usage:
        return usage
    first = usage[0]
    allowed = first.limit.allowed if first.limit.allowed is not None else first.used
    resets = first.resets_at if retry_after is None else now + retry_after
    return [Usage(replace(first.limit, allowed=allowed), allowed, resets, admitted=False), *usage[1:]]


def _with_refusal_headers(reply: Reply, refusal: Refusal) -> Sequence[Header]:
    extra: list[Header] = []
    if refusal.allow and not any(name == b"allow" for name, _ in reply.headers):
        extra.append((b"allow", refusal.allow.encode()))
    if refusal.retry_after is not None:
        extra.append((b"retry-after", b"%d" % -(-refusal.retry_after // 1000)))
    return (*reply.headers, *extra) if extra else reply.headers
