"""Golden transcripts: conversations as text, compared with files. `GOLDEN=write pytest ...` writes the files again.

Ids are numbered, since they depend on everything in a request, and files are described.
"""

import json
import os
import re
import struct
from pathlib import Path
from typing import Any

from mockserver.media.reader import probe
from tests.conversation import Conversation

FOLDER = Path(__file__).parent / "golden"
# The ids of jobs: 16 letters and digits, or 32 hexadecimal digits for the name of a clean video.
_ID = re.compile(r"\b(task_|veo_)?((?=[a-z]*[0-9])[0-9a-z]{16}|[0-9a-f]{32})\b")


class Transcript:
    """A conversation that is written down: what the client sends, what it gets, and how the time goes on."""

    def __init__(self, t: Conversation) -> None:
        self._t = t
        self._lines: list[str] = []

    async def post(self, path: str, body: Any) -> Any:
        """Send a request, and return the body of its reply."""
        reply = await self._t.post(path, body)
        kind = reply.headers["content-type"]
        self._lines += [f"> POST {path}", *_indented(body), f"< {reply.status_code} {kind}"]
        if kind == "application/json":
            self._lines += _indented(reply.json())
            return reply.json()
        self._lines += [f"  {line}".rstrip() for line in reply.text.splitlines()]
        return reply.text

    async def download(self, url: str) -> None:
        """Download a file, and write down what it is."""
        reply = await self._t.get(url)
        kind = reply.headers["content-type"]
        self._lines += [f"> GET {url}", f"< {reply.status_code} {kind}, {_described(kind, reply.content)}"]

    async def wait(self, seconds: int) -> None:
        """Let time pass."""
        self._lines.append(f"~ {seconds} s")
        await self._t.advance(seconds)

    def check(self, name: str) -> None:
        """Compare the transcript with the golden one of this name."""
        file, text = FOLDER / f"{name}.txt", _numbered("\n".join(self._lines) + "\n")
        if os.environ.get("GOLDEN") == "write":
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        assert text == file.read_text("utf-8")


def _indented(value: Any) -> list[str]:
    return [f"  {line}" for line in json.dumps(value, indent=2, ensure_ascii=False).splitlines()]


def _numbered(text: str) -> str:
    """Return a text in which each id is replaced by its number, in the order of their first places."""
    numbers: dict[str, int] = {}
    return _ID.sub(lambda match: f"{match[1] or ''}ID{numbers.setdefault(match[2], len(numbers) + 1)}", text)


def _described(kind: str, data: bytes) -> str:
    if kind == "video/mp4":
        return f"{probe(data).duration_ms} ms"
    # The size is in the frame header of a JPEG (ITU-T T.81, section B.2.2).
    height, width = struct.unpack_from(">HH", data, data.index(b"\xff\xc0") + 5)
    return f"{width} x {height}"
