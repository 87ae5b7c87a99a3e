"""Request bodies: strict JSON of a limited size."""

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute

from mockserver.bundle.invalid import MAX_BYTES as MAX_BUNDLE
from mockserver.core.faults import Refusal
from mockserver.wire.body import BodyMemory, media_type, parse_json, read_body, with_whole_numbers

MAX_BODY = 1_048_576
JSON_TYPE = "application/json"
ZIP_TYPE = "application/zip"
YAML_TYPES = ("application/yaml", "application/x-yaml", "text/yaml")


class StrictRequest(Request):
    """A request that reads its body as strict JSON.

    Raises HTTPException 413, 415 or 400 for a body that is too large, of another type or not valid JSON, and 503 if
    the bodies of all requests need too much memory. A body with one of the `unparsed_types` is not parsed, and can have
    `max_unparsed` bytes. If the body is `optional`, body and type may be missing.
    """

    unparsed_types: tuple[str, ...] = ()
    max_unparsed = MAX_BODY
    optional = False
    _taken = 0

    async def body(self) -> bytes:
        """The bytes of the body, whose type has been checked."""
        kind = media_type(self.headers.get("content-type"))
        most = self.max_unparsed if kind in self.unparsed_types else MAX_BODY
        try:
            # Read from the server's own connection: it sends 100 Continue only if the body is wanted.
            whole = await read_body(self.state.request, self.state.connection, most, self._memory)
        except Refusal as refusal:
            status = 503 if refusal.kind == "overloaded" else 413
            raise HTTPException(status, refusal.message or refusal.note) from None
        raw = bytes(whole)
        if self.state.request.body is None:
            self._taken += len(raw)
        if kind in self.unparsed_types:
            # FastAPI takes an empty body for a missing one. An empty line is an empty document too.
            return raw or b"\n"
        if self.optional and not raw and not kind:
            return raw
        # Only JSON: a form on a page of another site can send text/plain without a preflight request, but never this.
        if kind != JSON_TYPE:
            raise HTTPException(415, f"Content-Type must be {' or '.join((JSON_TYPE, *self.unparsed_types[:1]))}")
        try:
            self._data = with_whole_numbers(parse_json(raw))
        except ValueError as error:
            raise HTTPException(400, f"The body is not valid JSON: {error}") from None
        return raw

    @property
    def _memory(self) -> BodyMemory | None:
        memory: BodyMemory | None = self.state.parts.body_memory
        return memory

    def release_body(self) -> None:
        """Release what the body has taken from the memory for bodies."""
        if self._memory is not None:
            self._memory.release(self._taken)
        self._taken = 0

    async def json(self) -> Any:
        """The data of the body, which has been read."""
        return self._data


class StrictRoute(APIRoute):
    """A route whose body is strict JSON."""

    unparsed_types: ClassVar[tuple[str, ...]] = ()
    max_unparsed: ClassVar[int] = MAX_BODY

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        optional = self.body_field is not None and not self.body_field.field_info.is_required()

        async def strict(request: Request) -> Response:
            request = StrictRequest(request.scope, request.receive)
            request.unparsed_types, request.max_unparsed = self.unparsed_types, self.max_unparsed
            request.optional = optional
            try:
                return await handle(request)
            finally:
                request.release_body()

        return strict


class JsonOrYamlRoute(StrictRoute):
    """A route whose body is strict JSON, or YAML in bytes."""

    unparsed_types = YAML_TYPES


class JsonOrZipRoute(StrictRoute):
    """A route whose body is strict JSON, or a bundle in bytes."""

    unparsed_types = (ZIP_TYPE,)
    max_unparsed = MAX_BUNDLE
