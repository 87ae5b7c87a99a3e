"""Golden transcripts: what a client and the server say to each other, as a text file that a test compares.

`UPDATE_GOLDEN=1 pytest ...` writes the files again. Read the difference before you commit it.
"""

import json
import os
from pathlib import Path
from typing import Any

import httpx2

from tests.conversation import Conversation

_FOLDER = Path(__file__).parent / "golden"
_LONGEST, _MOST = 110, 2


class Transcript:
    """Records requests and replies, with long texts and lists cut."""

    def __init__(self, t: Conversation) -> None:
        self._t = t
        self._lines: list[str] = []

    async def send(self, method: str, url: str, body: Any = None) -> Any:
        """Send a request, record it with its reply, and return the body of the reply."""
        reply = await self._t.client.request(method, url, json=body)
        self._lines += [f"> {method} {url}", *([f"> {_cut(body)}"] if body is not None else [])]
        self._lines += [f"< {reply.status_code} {reply.headers['content-type']}", f"< {_shown(reply)}", ""]
        return reply.json() if reply.headers["content-type"].startswith("application/json") else reply.content

    def compare(self, name: str) -> None:
        """Raise AssertionError if the transcript is not that of the file."""
        file, text = _FOLDER / f"{name}.txt", "\n".join(self._lines)
        if os.environ.get("UPDATE_GOLDEN"):
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, "utf-8")
        assert text == file.read_text("utf-8"), f"the transcript differs from {file.name}"


def _shown(reply: httpx2.Response) -> str:
    if reply.headers["content-type"].startswith("application/json"):
        return _cut(reply.json())
    # The length of a PNG depends on the version of zlib.
    length = "" if reply.headers["content-type"] == "image/png" else f"{len(reply.content)} bytes, "
    return f"{length}{reply.content[:12]!r}"


def _cut(data: Any) -> str:
    return json.dumps(_short(data), ensure_ascii=False)


def _short(data: Any) -> Any:
    if isinstance(data, str):
        return data if len(data) <= _LONGEST else f"{data[:_LONGEST]}… ({len(data)})"
    if isinstance(data, list):
        return [*map(_short, data[:_MOST]), *([f"… ({len(data)})"] if len(data) > _MOST else [])]
    return {key: _short(value) for key, value in data.items()} if isinstance(data, dict) else data
