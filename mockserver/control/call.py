"""One request to the control API, and the errors that it can end in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mockserver.kit.operations import Reply
from mockserver.kit.provider import Provider
from mockserver.provenance.behaviours import Ledger
from mockserver.sandbox.sandbox import Sandbox
from mockserver.sandbox.sandboxes import Sandboxes
from mockserver.scenario.library import Library

# Gives the OpenAPI document of that name.
GetDocument = Callable[[str], Mapping[str, Any]]

# Operations that take a body, and do without.
BODY_OPTIONAL = ("replay_delivery",)


class ControlError(Exception):
    """A refusal of the control API: a status, what was wrong, and, for documents, every mistake by itself.

    `allow` is for a method that a path does not take: those that it does (RFC 9110 section 15.5.6).
    """

    def __init__(self, status: int, detail: str, errors: Sequence[str] = (), allow: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = list(errors)
        self.allow = allow


@dataclass(slots=True)
class ControlCall:
    """A request with what its operation may need: the sandbox it is in, and the whole server's parts."""

    sandbox: Sandbox
    sandboxes: Sandboxes
    library: Library
    providers: Sequence[Provider]
    headers: Mapping[str, str]
    now: int
    ledger: Ledger
    document: GetDocument
    origin: str = ""
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    raw: bytes = b""
    body: Any = None

    def provider(self, name: str) -> Provider:
        """The provider of that name. Raises ControlError 404 with the names there are."""
        for provider in self.providers:
            if provider.name == name:
                return provider
        known = ", ".join(p.name for p in self.providers)
        raise ControlError(404, f"There is no provider {name!r}; the providers are {known}")

    def one_of(self, name: str, options: Sequence[str]) -> str | None:
        """A query parameter out of a few words; None when it is left out. Raises ControlError 400."""
        text = self.query.get(name)
        if text is not None and text not in options:
            raise ControlError(400, f"{name} must be one of {', '.join(options)}, not {text!r}")
        return text

    def number(self, name: str, default: int, most: int) -> int:
        """A query parameter that is a whole number from 1 to `most`. Raises ControlError 400."""
        text = self.query.get(name)
        if text is None:
            return default
        if not text.isascii() or not text.isdigit() or not 1 <= int(text[:12]) <= most:
            raise ControlError(400, f"{name} must be a whole number from 1 to {most}, not {text!r}")
        return int(text)


def no_content() -> Reply:
    """The reply to a request that is done and has nothing to say."""
    return Reply(204, b"", content_type="application/json")
