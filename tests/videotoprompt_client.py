"""Requests to VideoToPrompt for rows of the ledger that an ordinary request does not show."""

from typing import Any

ROOT = "/videotoprompt/v1/analyze"
AUTHORIZE = "/videotoprompt/oauth/authorize"
TOKEN = "/videotoprompt/oauth/token"
BACK = "https://app.example.com/callback"
VIDEO = "https://example.com/a.mp4"
ASK = {"response_type": "code", "client_id": "app-1", "redirect_uri": BACK, "state": "s"}
_JSON = {"Content-Type": "application/json"}
_TEXT = {"Content-Type": "text/plain"}
_BATCH = {"analyses": [{"url": VIDEO}], "webhook_url": "http://127.0.0.1:9000/batch"}


def _post(path: str, **more: Any) -> dict[str, Any]:
    return {"method": "POST", "url": path, **more}


def _authorize(**more: str) -> dict[str, Any]:
    return {"method": "GET", "url": AUTHORIZE, "params": {**ASK, **more}}


def _token(**fields: str) -> dict[str, Any]:
    return _post(TOKEN, data={"client_id": "app-1", **fields})


REQUESTS: dict[str, dict[str, Any]] = {
    f"videotoprompt.{row}": request
    for row, request in {
        "error.no_such_path": {"method": "GET", "url": "/videotoprompt/v1/nowhere"},
        "error.method_not_allowed": {"method": "DELETE", "url": f"{ROOT}/url"},
        "error.too_large": _post(f"{ROOT}/url", content=b" " * 1_048_577, headers=_JSON),
        "error.unsupported_media_type": _post(f"{ROOT}/url", content=b"a=b", headers=_TEXT),
        "error.invalid_request": _token(),
        "error.invalid_client": _token(grant_type="refresh_token", client_secret="wrong"),
        "error.invalid_grant": _token(grant_type="authorization_code", code="unknown", redirect_uri=BACK),
        "error.unsupported_grant_type": _token(grant_type="password"),
        "error.invalid_scope": _authorize(scope="everything"),
        "error.unsupported_response_type": _authorize(response_type="token"),
        "error.untrusted_client": _authorize(redirect_uri="/relative"),
        "error.access_denied": _post(AUTHORIZE, params=ASK, data={"decision": "deny"}),
        "event.analysis.failed": _post(f"{ROOT}/url", json={"url": "https://example.com/mock-fail.mp4"}),
        "event.batch.completed": _post(f"{ROOT}/batch", json=_BATCH),
    }.items()
}
