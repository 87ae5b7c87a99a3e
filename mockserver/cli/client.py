"""Talking to a running server from the command line, with nothing that takes long to import."""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

PATIENCE = 5.0


class RemoteError(Exception):
    """The server did not answer, or refused; the text is for people."""


def get(base: str, path: str, token: str = "") -> dict[str, Any]:
    """The JSON that a GET gives. Raises RemoteError."""
    return _understood(base, *_call(base, "GET", path, None, _headers(token)))


def delete(base: str, path: str, token: str = "") -> None:
    """Have something deleted. Raises RemoteError."""
    status, text = _call(base, "DELETE", path, None, _headers(token))
    if status != 204:
        _understood(base, status, text)


def put_yaml(base: str, path: str, body: bytes, token: str = "") -> dict[str, Any]:
    """The JSON that a PUT of a YAML document gives. Raises RemoteError with every mistake in the document."""
    headers = {"Content-Type": "application/yaml", **_headers(token)}
    return _understood(base, *_call(base, "PUT", path, body, headers))


def _headers(token: str) -> dict[str, str]:
    return {"X-Mock-Token": token} if token else {}


def _call(base: str, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
    connection, prefix = _connection(base)
    try:
        connection.request(method, prefix + path, body, headers)
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, http.client.HTTPException) as error:
        raise RemoteError(f"no answer from {base}: {error}") from None
    finally:
        connection.close()


def _connection(base: str) -> tuple[http.client.HTTPConnection, str]:
    """A connection to a server, not yet open, and the path that the server is behind."""
    wrong = RemoteError(f"{base!r} is no URL of a server; expected one such as http://127.0.0.1:8080")
    try:
        parts = urlsplit(base)
        host, port = parts.hostname, parts.port
    except ValueError:  # such as that of a port which is no number
        raise wrong from None
    if not host or parts.scheme not in ("http", "https"):
        raise wrong
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(host, port, timeout=PATIENCE), parts.path.rstrip("/")


def _understood(base: str, status: int, text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise RemoteError(f"{base} answered {status}, and not as mockserver does")
    if status >= 400:
        raise RemoteError("\n".join(found.get("errors") or [str(found.get("detail", f"status {status}"))]))
    return found
