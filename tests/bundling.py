"""Bundles in tests: of the sandbox of a conversation, changed ones, and their replay."""

import io
import zipfile
from collections.abc import Callable
from typing import Any

from pydantic_core import from_json, to_json

from mockserver.bundle.archive import unpacked
from mockserver.bundle.contents import Bundle
from mockserver.bundle.replaying import Outcome
from mockserver.cli.replay import replay
from tests.conversation import Conversation

ZIP = {"Content-Type": "application/zip"}


async def saved(t: Conversation) -> bytes:
    """Return the bundle of the sandbox of a conversation, as the control API sends it."""
    reply = await t.get("/_mock/bundle")
    assert reply.status_code == 200, reply.text
    return reply.content


async def replayed(data: bytes, last: int | None = None) -> Outcome:
    """Replay a bundle in a server of its own."""
    return await replay(unpacked(data), last)


def parts(data: bytes) -> dict[str, bytes]:
    """Return the files in a bundle."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return an archive with these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def changed(data: bytes, name: str, change: Callable[[Any], Any], line: int = 0) -> bytes:
    """Return a bundle in which a line of one of its files is another one."""
    files = parts(data)
    lines = [files[name]] if name.endswith(".json") else files[name].splitlines()
    lines[line] = to_json(change(from_json(lines[line])))
    return packed({**files, name: b"\n".join(lines)})


def texts(bundle: Bundle | bytes) -> bytes:
    """Return everything in a bundle, decompressed."""
    assert isinstance(bundle, bytes)
    return b"\n".join(parts(bundle).values())
