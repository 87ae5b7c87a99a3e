"""Files that replies link to. They are made when they are downloaded, and are there for 24 hours."""

import json
import re
from collections.abc import Mapping
from typing import Any

from mockserver.core.faults import Refusal
from mockserver.core.seeded import Seeded
from mockserver.core.verdict.declarations import Advised
from mockserver.kit.operations import Documented, Operation, Reply
from mockserver.wire.exchange import Exchange
from mockserver.wire.ranges import File, file_reply

DAY = 86_400_000
LIFETIME = Advised(DAY, "rule.file_lifetime")
_KIND = "dumplingai.file"
_NAME = 32
# Of the videos that are always there, in pixels.
VIDEO_SIZE = (720, 1280)
_LARGEST = 2_048
_MEDIA = re.compile(r"(?:([0-9]{1,4})x([0-9]{1,4})|([0-9]{1,3})s)-([0-9a-f]{1,64})\.(png|mp4|mp3)")
TYPES = {
    "mp4": "video/mp4", "mp3": "audio/mpeg", "png": "image/png", "webp": "image/webp", "jpg": "image/jpeg",
    "pdf": "application/pdf", "zip": "application/zip",
}  # fmt: skip


def operations() -> tuple[Operation, ...]:
    """Return the operations for files. They need no key and count against no limit."""
    file = {200: Documented("The file", content_type="application/octet-stream")}
    declared = (
        ("result_file", "files", result_file, "Download a file"),
        ("media_file", "media", media_file, "Download a picture, a video or a sound"),
    )
    return tuple(
        Operation(name, "GET", f"/storage/{path}/{{name}}", handler, summary, file, public=True, hidden=True)
        for name, path, handler, summary in declared
    )


async def link(exchange: Exchange, ending: str, content: Mapping[str, Any]) -> str:
    """Return the link to a file of a type in `TYPES`, and keep what is needed to make it. `content` is JSON data."""
    mark = json.dumps(content, sort_keys=True)
    name = exchange.seeded.hexadecimal(_NAME, "file", exchange.account.id, ending, mark)
    until = exchange.now + DAY
    await exchange.sandbox.store.put_value(_KIND, f"{name}.{ending}", content, until)
    return f"{exchange.origin}/storage/files/{name}.{ending}"


def picture(exchange: Exchange, width: int, height: int, *name: str | int) -> str:
    """Return the link to a picture that is always there, such as that of a profile."""
    return _always(exchange, f"{width}x{height}", "png", *name)


def recording(exchange: Exchange, ending: str, seconds: int, *name: str | int) -> str:
    """Return the link to a video (`mp4`, portrait) or a sound (`mp3`) that is always there, with this length."""
    return _always(exchange, f"{seconds}s", ending, *name)


def _always(exchange: Exchange, size: str, ending: str, *name: str | int) -> str:
    token = exchange.seeded.hexadecimal(24, "picture", *name)
    return f"{exchange.origin}/storage/media/{size}-{token}.{ending}"


async def result_file(exchange: Exchange) -> Reply:
    """GET /storage/files/{name}."""
    name = exchange.path["name"]
    content = await exchange.sandbox.store.get_value(_KIND, name, exchange.now)
    if content is None:
        raise Refusal("not_found", "No such file", row="no_such_file")
    from mockserver.providers.dumplingai.rendering import rendered

    ending = name.rpartition(".")[2]
    file = File(rendered(ending, content), TYPES[ending])
    return file_reply(file, exchange.request.method, exchange.request.headers)


async def media_file(exchange: Exchange) -> Reply:
    """GET /storage/media/{name}: the name says how large or how long the file is."""
    match = _MEDIA.fullmatch(exchange.path["name"])
    if match is None:
        raise Refusal("not_found", "No such file", row="no_such_file")
    width, height, seconds, token, ending = match.groups()
    seeded = Seeded("dumplingai", token)
    if ending == "png" and width and 0 < int(width) <= _LARGEST and 0 < int(height) <= _LARGEST:
        from mockserver.media.bands import abstract
        from mockserver.media.png import png

        data = png(abstract(seeded, int(width), int(height)))
    elif ending == "mp4" and seconds and int(seconds) > 0:
        from mockserver.media.maker import video

        data = video(int(seconds) * 1000, seeded, VIDEO_SIZE[0], portrait=True, sound=True).data
    elif ending == "mp3" and seconds:
        from mockserver.media.mp3 import silence

        data = silence(int(seconds) * 1000)
    else:
        raise Refusal("not_found", "No such file", row="no_such_file")
    return file_reply(File(data, TYPES[ending]), exchange.request.method, exchange.request.headers)
