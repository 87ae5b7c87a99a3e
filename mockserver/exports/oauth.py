"""The requests of OAuth 2 (RFC 6749): request a code, exchange it for tokens, and refresh them."""

from collections.abc import Callable, Iterator, Sequence
from urllib.parse import urlencode

from mockserver.exports.request import UNKNOWN, Request
from mockserver.kit.operations import Operation
from mockserver.kit.provider import Provider

# Kept in variables, because they follow from the replies before.
_SAVED = ("code", "refresh_token", "access_token")
_STATE = "state-1"


class OAuthRequests:
    """The requests to the OAuth operations of a provider, in the order in which they work, and those that fail.

    `summary` returns what an operation does, as one line.
    """

    def __init__(self, provider: Provider, summary: Callable[[Operation], str]) -> None:
        self._provider = provider
        self._summary = summary
        operations = [each for each in provider.operations if each.tag == "oauth"]
        self._authorizing = [each for each in operations if each.query is not None]
        self._tokens = [each for each in operations if each.query is None]
        examples = [dict(example) for each in self._tokens for example in each.examples.values()]
        self._client = {name: value for example in examples for name, value in example.items() if name not in _SAVED}
        self.variables = {self._variable(name): UNKNOWN for name in _SAVED} if operations else {}

    @property
    def requests(self) -> Sequence[Request]:
        """One request for each operation, and one more for each other way to get tokens."""
        return [*map(self._authorize, self._authorizing), *self._exchanges()]

    @property
    def errors(self) -> Iterator[Request]:
        """Requests that are refused."""
        for operation, request in zip(self._authorizing, map(self._authorize, self._authorizing), strict=True):
            refused = request._replace(saves_from_location={})
            if operation.body is None:
                url = self._url(operation, redirect_uri="no-address")
                text = "The redirect URI is not an address, so the user is not sent there"
                yield refused._replace(name=f"{operation.name}: 400 untrusted_client", url=url, status=400, text=text)
            else:
                text = "The user denies access: the redirect has `error=access_denied`"
                yield refused._replace(name=f"{operation.name}: access_denied", body={"decision": "deny"}, text=text)
        for request in self._exchanges():
            saved = next(name for name in _SAVED if name in request.body)
            name = f"{request.name}: 400 invalid_grant"
            text = f"There is no such {saved.replace('_', ' ')}"
            yield request._replace(name=name, body={**request.body, saved: UNKNOWN}, status=400, text=text, saves={})

    def _authorize(self, operation: Operation) -> Request:
        approved = operation.body is not None
        return Request(
            operation.name,
            operation.method,
            self._url(operation),
            kind="form" if approved else None,
            body={"decision": "approve"} if approved else None,
            text=self._summary(operation),
            status=302,
            saves_from_location={self._variable("code"): "code"},
        )

    def _exchanges(self) -> Iterator[Request]:
        for operation in self._tokens:
            for number, (grant, example) in enumerate(operation.examples.items()):
                yield Request(
                    f"{operation.name} ({grant})" if number else operation.name,
                    operation.method,
                    f"{{{{base_url}}}}/{self._provider.name}{operation.path}",
                    kind="form",
                    body={name: self._reference(name) if name in _SAVED else value for name, value in example.items()},
                    text=self._summary(operation),
                    status=200,
                    saves={self._variable(name): name for name in ("access_token", "refresh_token")},
                )

    def _url(self, operation: Operation, **changed: str) -> str:
        query = {
            "response_type": "code",
            "client_id": self._client["client_id"],
            "redirect_uri": self._client["redirect_uri"],
            "state": _STATE,
            **changed,
        }
        return f"{{{{base_url}}}}/{self._provider.name}{operation.path}?{urlencode(query)}"

    def _variable(self, name: str) -> str:
        return f"{self._provider.name}_{name}"

    def _reference(self, name: str) -> str:
        return f"{{{{{self._variable(name)}}}}}"
