"""Pages: parts of long lists, bounded in number and in bytes, with a cursor to the rest."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from fastapi import Response
from pydantic import BaseModel, Field
from pydantic_core import to_json

from mockserver.clock import let_others_run
from mockserver.control.errors import ControlError
from mockserver.control.parameters import QueryModel
from mockserver.kit.models import Shape

# Bytes of a page.
MAX_PAGE = 4 * 1_048_576
# After so many rows and bytes other requests go on.
_ROWS, _BYTES = 10, 65_536

T = TypeVar("T")


class Paged(Shape):
    """A list that may be incomplete: `next` is the `cursor` of the rest, if there is more."""

    next: str | None = Field(default=None, description="the `cursor` of the next page, if there is one")


class PageQuery(QueryModel):
    """Where a page begins."""

    cursor: str = Field(default="", max_length=100, description="`next` of the page before")


async def paged(
    name: str,
    rows: Sequence[T],
    view: Callable[[T], BaseModel],
    cursor: Callable[[T], str],
    limit: int,
    more: Mapping[str, Any] | None = None,
    *,
    exclude_unset: bool = False,
) -> Response:
    """Return at most `limit` rows as the list `name`, and fewer where they have more than 4 MB.

    `rows` has one row more than `limit` if there are more. `cursor` says where the page after a row begins. `more` is
    what else is in the reply.
    """
    parts: list[bytes] = []
    size = since = 0
    for row in rows[:limit]:
        part = view(row).model_dump_json(by_alias=True, exclude_unset=exclude_unset).encode()
        if parts and size + len(part) > MAX_PAGE:
            break
        parts.append(part)
        size += len(part) + 1
        if len(parts) % _ROWS == 0 or size - since > _BYTES:
            since = size
            await let_others_run()
    following = cursor(rows[len(parts) - 1]) if parts and len(parts) < len(rows) else None
    fields = {**(more or {})} if following is None else {**(more or {}), "next": following}
    rest = b"," + to_json(fields)[1:] if fields else b"}"
    body = b'{"%b":[%b]%b' % (name.encode(), b",".join(parts), rest)
    return Response(body, media_type="application/json")


class SerialPageQuery(QueryModel):
    """Where a page begins: the number of a row."""

    cursor: str = Field(
        default="", max_length=18, description="`next` of the page before", json_schema_extra={"pattern": "^[0-9]*$"}
    )


def serial(cursor: str) -> int | None:
    """Read a cursor that is a number. Raises ControlError 400."""
    if not cursor:
        return None
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 18:
        raise ControlError(400, f"cursor must be `next` of the page before, not {cursor!r}")
    return int(cursor)
