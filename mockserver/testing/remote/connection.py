"""Requests to the control API of a server that runs elsewhere."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx2
from pydantic_core import from_json

from mockserver.testing.errors import MockServerError

# Hides the frames of this module, so that a failing test shows its own line.
__tracebackhide__ = True

# Seconds of real time. Moving a clock past a receiver that never answers takes ten.
_PATIENCE = 60.0


class Refused(MockServerError):
    """The server refused a request. `status` is the status of its reply."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Connection:
    """The control API of the server at a URL. Methods can be called from any thread. They raise MockServerError."""

    def __init__(self, url: str, token: str = "") -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise MockServerError(f"{url!r} is not the URL of a server; expected one such as http://127.0.0.1:8080")
        self.url = url.rstrip("/")
        self.host = parts.hostname
        headers = {"X-Mock-Token": token} if token else {}
        # Proxies of the environment are for other hosts: the server is a part of the tests.
        self._client = httpx2.Client(base_url=self.url, headers=headers, timeout=_PATIENCE, trust_env=False)

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """Return the JSON of the reply to a GET. Values of None in `query` are left out."""
        wanted = {name: value for name, value in (query or {}).items() if value is not None}
        return self._call("GET", path, params=wanted)

    def text(self, path: str) -> str:
        """Return the text of the reply to a GET."""
        return self._send("GET", path).text

    def bytes(self, path: str) -> bytes:
        """Return the body of the reply to a GET."""
        return self._send("GET", path).content

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """Send JSON, and return the JSON of the reply; None if the reply is empty."""
        return self._call(method, path, json={} if body is None else body)

    def delete(self, path: str) -> None:
        """Send a DELETE."""
        self._send("DELETE", path)

    def pages(self, path: str, name: str, query: Mapping[str, Any] | None = None) -> list[Any]:
        """Return all rows of a list, which may have several pages."""
        rows: list[Any] = []
        cursor = None
        while True:
            page = self.get(path, {**(query or {}), "cursor": cursor})
            rows += page[name]
            cursor = page.get("next")
            if cursor is None:
                return rows

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _call(self, method: str, path: str, **more: Any) -> Any:
        response = self._send(method, path, **more)
        if not response.content:
            return None
        try:
            return from_json(response.content)
        except ValueError:
            raise MockServerError(f"the reply of {self.url} to {method} {path} is not one of mockserver") from None

    def _send(self, method: str, path: str, **more: Any) -> httpx2.Response:
        try:
            response = self._client.request(method, path, **more)
        except httpx2.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise MockServerError(
                f"no answer from {self.url}: {reason}. Start the server, or unset MOCKSERVER_URL for a server in the "
                "process of the tests"
            ) from None
        if response.status_code >= 400:
            raise Refused(_reason(self.url, response), response.status_code)
        return response


def _reason(url: str, response: httpx2.Response) -> str:
    """Return why the server refused a request."""
    try:
        problem = from_json(response.content)
        reason = "\n".join(problem.get("errors") or [str(problem["detail"])])
    except (ValueError, KeyError, AttributeError):
        return f"the reply of {url} (status {response.status_code}) is not one of mockserver"
    return f"{reason}. Set MOCKSERVER_TOKEN" if response.status_code == 401 else reason
