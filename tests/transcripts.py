"""Golden transcripts: conversations as text, compared with files. `GOLDEN=write pytest ...` writes the files again."""

import json
import os
from pathlib import Path
from typing import Any

from tests.conversation import Conversation

FOLDER = Path(__file__).parent / "golden"


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
        size = len(reply.content)
        self._lines += [f"> GET {url}", f"< {reply.status_code} {reply.headers['content-type']}, {size} bytes"]

    async def wait(self, seconds: int) -> None:
        """Let time pass."""
        self._lines.append(f"~ {seconds} s")
        await self._t.advance(seconds)

    def check(self, name: str) -> None:
        """Compare the transcript with the golden one of this name."""
        file, text = FOLDER / f"{name}.txt", "\n".join(self._lines) + "\n"
        if os.environ.get("GOLDEN") == "write":
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        assert text == file.read_text("utf-8")


def _indented(value: Any) -> list[str]:
    return [f"  {line}" for line in json.dumps(value, indent=2, ensure_ascii=False).splitlines()]
