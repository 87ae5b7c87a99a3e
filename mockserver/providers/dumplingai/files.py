"""Files that replies link to. They are made when they are downloaded, and are there for 24 hours."""

import json
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
TYPES = {
    "mp4": "video/mp4", "png": "image/png", "webp": "image/webp", "jpg": "image/jpeg", "pdf": "application/pdf",
    "zip": "application/zip",
}  # fmt: skip


def operations() -> tuple[Operation, ...]:
    """Return the operations for files. They need no key and count against no limit."""
    files = {200: Documented("The file", content_type="application/octet-stream")}
    return (
        Operation(
            "result_file",
            "GET",
            "/storage/files/{name}",
            result_file,
            "Download a file",
            files,
            public=True,
            hidden=True,
        ),
        Operation(
            "picture_file",
            "GET",
            "/storage/pictures/{name}",
            picture_file,
            "Download a picture",
            files,
            public=True,
            hidden=True,
        ),
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
    return (
        f"{exchange.origin}/storage/pictures/{width}x{height}-{exchange.seeded.hexadecimal(24, 'picture', *name)}.png"
    )


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


async def picture_file(exchange: Exchange) -> Reply:
    """GET /storage/pictures/{name}: any name that starts with a size is a picture."""
    name = exchange.path["name"]
    size, _, token = name.removesuffix(".png").partition("-")
    width, _, height = size.partition("x")
    sizes = [int(each) if each.isdecimal() and len(each) < 5 else 0 for each in (width, height)]
    if not token or not all(0 < each <= 2_048 for each in sizes):
        raise Refusal("not_found", "No such file", row="no_such_file")
    from mockserver.media.bands import abstract
    from mockserver.media.png import png

    file = File(png(abstract(Seeded("dumplingai", token), *sizes)), "image/png")
    return file_reply(file, exchange.request.method, exchange.request.headers)
