"""HTTP requests to a running server, without imports that take long."""

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

TIMEOUT = 5.0
# For what takes the server long, such as replaying a bundle.
LONG_TIMEOUT = 120.0


class RemoteError(Exception):
    """The server did not answer, or refused the request. The message describes why."""


def get(base: str, path: str, token: str = "") -> dict[str, Any]:
    """Send a GET and return the JSON of the reply. Raises RemoteError."""
    return _parsed(base, *_call(base, "GET", path, None, _headers(token)))


def delete(base: str, path: str, token: str = "") -> None:
    """Send a DELETE. Raises RemoteError."""
    status, text = _call(base, "DELETE", path, None, _headers(token))
    if status != 204:
        _parsed(base, status, text)


def put_yaml(base: str, path: str, body: bytes, token: str = "") -> dict[str, Any]:
    """PUT a YAML document and return the JSON of the reply. Raises RemoteError with every mistake in the document."""
    headers = {"Content-Type": "application/yaml", **_headers(token)}
    return _parsed(base, *_call(base, "PUT", path, body, headers))


def put_json(base: str, path: str, body: Mapping[str, Any], token: str = "") -> dict[str, Any]:
    """PUT JSON and return the JSON of the reply. Raises RemoteError."""
    headers = {"Content-Type": "application/json", **_headers(token)}
    return _parsed(base, *_call(base, "PUT", path, json.dumps(body).encode(), headers))


def get_bytes(base: str, path: str, token: str = "") -> bytes:
    """Send a GET and return the body of the reply, whatever it is. Raises RemoteError."""
    status, body = _call(base, "GET", path, None, _headers(token), LONG_TIMEOUT)
    if status != 200:
        _parsed(base, status, body)
    return body


def post_zip(base: str, path: str, body: bytes, token: str = "") -> dict[str, Any]:
    """POST a ZIP archive and return the JSON of the reply. Raises RemoteError."""
    headers = {"Content-Type": "application/zip", **_headers(token)}
    return _parsed(base, *_call(base, "POST", path, body, headers, LONG_TIMEOUT))


def _headers(token: str) -> dict[str, str]:
    return {"X-Mock-Token": token} if token else {}


def _call(
    base: str, method: str, path: str, body: bytes | None, headers: dict[str, str], timeout: float = TIMEOUT
) -> tuple[int, bytes]:
    connection, prefix = connection_to(base, timeout)
    try:
        connection.request(method, prefix + path, body, headers)
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, http.client.HTTPException) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise RemoteError(f"no answer from {base}: {reason}") from None
    finally:
        connection.close()


def connection_to(base: str, timeout: float = TIMEOUT) -> tuple[http.client.HTTPConnection, str]:
    """Return an unopened connection to a server, and the path prefix of the server. Raises RemoteError."""
    invalid = RemoteError(f"{base!r} is not the URL of a server; expected one such as http://127.0.0.1:8080")
    try:
        parts = urlsplit(base)
        host, port = parts.hostname, parts.port
    except ValueError:  # for example a port that is not a number
        raise invalid from None
    if not host or parts.scheme not in ("http", "https"):
        raise invalid
    connection_class = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return connection_class(host, port, timeout=timeout), parts.path.rstrip("/")


def problem_of(base: str, status: int, text: bytes) -> str:
    """Return why the server refused a request, from its reply."""
    reply = _object(text)
    if reply is None:
        return f"the reply of {base} (status {status}) is not one of mockserver"
    if status == 401:
        return f"{reply.get('detail', 'the server has a token')}. Give it with --token or MOCKSERVER_TOKEN"
    return "\n".join(reply.get("errors") or [str(reply.get("detail", f"status {status}"))])


def _parsed(base: str, status: int, text: bytes) -> dict[str, Any]:
    reply = _object(text)
    if reply is None or status >= 400:
        raise RemoteError(problem_of(base, status, text))
    return reply


def _object(text: bytes) -> dict[str, Any] | None:
    try:
        reply = json.loads(text)
    except ValueError:
        return None
    return reply if isinstance(reply, dict) else None


def exchange(
    base: str, method: str, path: str, body: bytes | None, headers: dict[str, str], token: str = ""
) -> tuple[int, bytes]:
    """Send any request, and return the status and the body of the reply. Raises RemoteError if there is none."""
    return _call(base, method, path, body, {**headers, **_headers(token)})
