"""Recorded requests as requests that can be sent again, and the reason why one cannot."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import NoReturn

from mockserver.core.faults import Refusal
from mockserver.core.journal import KEPT_BODY, JournalEntry
from mockserver.kit.operations import Header, Operation
from mockserver.kit.provider import Provider
from mockserver.wire.request import Broken, Disconnected, Request

# Bytes of a body that is sent in place of one that was not read.
_LONGEST_FILLER = 1_048_576
# Paths of the control API and of other sandboxes.
_NOT_A_PROVIDER = ("/_mock", "/~", "/%7E", "/%7e")
# The last of `_MORE` stands for headers that were not kept (`core.kept`).
_CONTENT_LENGTH, _SANDBOX, _MORE = "content-length", "x-mock-sandbox", "..."
# The end of a text that was cut (`core.kept.shortened`).
_SHORTENED = re.compile(r"\.\.\. \([0-9]+ characters, blake2b [0-9a-f]{16}\)\Z")


class SilentConnection:
    """The connection of a client that reads its reply to the end, or until it is told to `leave`.

    What is sent is not kept: the journal has it.
    """

    expects_continue = False
    seconds_unread = 0.0
    free_at = 0
    reused = False

    def __init__(self) -> None:
        self._left = asyncio.Event()

    def leave(self) -> None:
        """Disconnect."""
        self._left.set()

    async def read(self) -> bytes | None:
        return None

    async def buffer_body(self) -> None:
        """Return at once: there is no body to read."""

    async def respond(self, status: int, headers: Sequence[Header], body: bytes) -> None:
        self._check()

    async def begin(self, status: int, headers: Sequence[Header]) -> None:
        self._check()

    async def send(self, piece: bytes) -> None:
        self._check()

    async def end(self) -> None:
        self._check()

    async def break_off(self, *, reset: bool) -> NoReturn:
        raise Broken

    async def wait_disconnected(self) -> None:
        await self._left.wait()

    def _check(self) -> None:
        if self._left.is_set():
            raise Disconnected


def reason_not_to_send(entry: JournalEntry, operation: Operation | None) -> str | None:
    """Return why a recorded request cannot be sent again, or None if it can.

    The body of a request that was refused before its body was read can be anything of the same length.
    """
    if not entry.method or not entry.path or not entry.path.startswith("/"):
        return "it was not a complete HTTP request"
    if entry.path.startswith(_NOT_A_PROVIDER):
        # Otherwise a bundle from somebody else could act on this server.
        return "its path is not that of a provider"
    if _SHORTENED.search(entry.path) or _SHORTENED.search(entry.query):
        return "only the beginning of its path or query was kept"
    length = _length(entry)
    if entry.digest or length > len(entry.request) >= KEPT_BODY:
        return f"only the first {KEPT_BODY:,} bytes of its body were kept"
    if not length or entry.request:
        return None
    if operation is not None and operation.secret:
        return "its body was not kept, because it has credentials in it"
    if operation is not None and operation.body_kind == "multipart":
        return "it was an upload, and uploads are not kept"
    return None if length <= _LONGEST_FILLER else f"its body of {length:,} bytes was not read and not kept"


def request_of(entry: JournalEntry, sandbox: str, provider: Provider | None) -> Request:
    """Return a recorded request for a sandbox. Its credential is that of its account, with the key masked."""
    fields = [(name, value) for name, value in entry.headers if name.lower() not in (_SANDBOX, _MORE)]
    if provider is not None and entry.account is not None:
        fields = _with_key(fields, provider, entry.account.partition(":")[2])
    body = entry.request or b" " * _length(entry)
    if len(body) != _length(entry):
        fields = [(name, str(len(body)) if name.lower() == _CONTENT_LENGTH else value) for name, value in fields]
    # Always with the name of the sandbox, because a masked key can look as if it named another one.
    prefix = f"/~{sandbox}"
    if entry.addressed_by == "prefix" and provider is not None:
        prefix += f"/{provider.name}"
    headers = {name.lower(): value for name, value in fields}
    query = entry.query.encode("latin-1", "replace")
    return Request(entry.method or "GET", f"{prefix}{entry.path}", query, headers, fields, entry.scheme, body)


def uses_token(entry: JournalEntry, provider: Provider | None) -> bool:
    """Return True if the credential of a request is not the key of its account, but for example an access token."""
    if provider is None or entry.account is None:
        return False
    try:
        key = provider.key({name.lower(): value for name, value in entry.headers})
    except Refusal:
        return False
    return key != entry.account.partition(":")[2]


def _length(entry: JournalEntry) -> int:
    headers: Mapping[str, str] = {name.lower(): value for name, value in entry.headers}
    text = headers.get(_CONTENT_LENGTH, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def _with_key(fields: list[tuple[str, str]], provider: Provider, key: str) -> list[tuple[str, str]]:
    """Return the headers with the account's key in place of another credential for it, such as an access token."""
    try:
        sent = provider.key({name.lower(): value for name, value in fields})
    except Refusal:
        return fields
    names = ("authorization", *provider.key_headers)
    return [(name, value.replace(sent, key) if name.lower() in names else value) for name, value in fields]
