"""Bundles: download a sandbox as one file, and make a sandbox from such a file."""

import asyncio
from base64 import b64decode
from binascii import Error
from collections.abc import Mapping

from fastapi import APIRouter, Response
from pydantic import Field

from mockserver.bundle.contents import Bundle
from mockserver.bundle.invalid import ENDING, InvalidBundle
from mockserver.bundle.saving import Snapshot, bundle_of, snapshot
from mockserver.control import viewing
from mockserver.control.bodies import ZIP_TYPE, StrictRoute
from mockserver.control.dependencies import CurrentSandbox, Parts, ServerParts
from mockserver.control.errors import ControlError
from mockserver.control.restore import Restored
from mockserver.core.masking import Masking
from mockserver.core.scenario import ClockSpec
from mockserver.kit.models import Shape
from mockserver.kit.provider import Provider
from mockserver.sandbox.sandbox import Sandbox

# Requests that are listed, of those whose replies differ.
MOST_LISTED = 100


class ReplayedRequest(Shape):
    """A request of the bundle whose reply is not the same, or that could not be sent again, with the reason."""

    number: int
    operation: str
    sent: bool
    differences: list[str]
    why: str


class LoadedBundle(Shape):
    """How the replay of a bundle went: the requests in it, and how many replies were the same, byte by byte.

    `differences` has at most 100 of the others. `changes` are changes through the control API that failed.
    """

    requests: int = Field(ge=0)
    identical: int = Field(ge=0)
    differences: list[ReplayedRequest]
    changes: list[str]


router = APIRouter(tags=["records"], route_class=StrictRoute)


@router.get(
    "/bundle",
    summary="Download the sandbox as a bundle",
    response_class=Response,
    responses={200: {"content": {ZIP_TYPE: {}}, "description": "One file, `NAME.mock.zip`"}},
)
async def save_bundle(sandbox: CurrentSandbox, parts: ServerParts) -> Response:
    """Everything that happened in the sandbox, with its scenario, seed and clock. Keys and secrets are masked."""
    taken = await snapshot(sandbox, parts.options)
    masking = parts.masking_in(sandbox)
    # This takes long for a long journal.
    data = await asyncio.to_thread(_packed, taken, parts.providers, masking)
    disposition = f'attachment; filename="{sandbox.name}{ENDING}"'
    return Response(data, media_type=ZIP_TYPE, headers={"Content-Disposition": disposition})


async def load(parts: Parts, text: str, name: str, last: int | None, clock: ClockSpec | None) -> Restored:
    """Make a sandbox from a bundle in base64.

    Raises ControlError 422 if it is refused, TooManySandboxes, and ValueError for a name that is in use.
    """
    bundle = await _unpacked(text)
    try:
        return await parts.restorer.restore(bundle, name, last, clock)
    except InvalidBundle as error:
        raise ControlError(422, f"The bundle is refused: {error}") from None


async def show(parts: Parts, text: str, name: str) -> Sandbox:
    """Make a sandbox that shows a bundle in base64. Raises like `load`."""
    bundle = await _unpacked(text)
    try:
        return await viewing.view(bundle, name, parts.sandboxes, parts.library)
    except InvalidBundle as error:
        raise ControlError(422, f"The bundle is refused: {error}") from None


async def _unpacked(text: str) -> Bundle:
    try:
        return await asyncio.to_thread(_unpack, text)
    except InvalidBundle as error:
        raise ControlError(422, f"The bundle is refused: {error}") from None
    except Error as error:
        raise ControlError(422, f"bundle must be base64: {error}") from None


# The archive is imported when it is first needed: most servers never make or read a bundle.


def _packed(taken: Snapshot, providers: Mapping[str, Provider], masking: Masking) -> bytes:
    from mockserver.bundle.archive import packed

    return packed(bundle_of(taken, providers, masking))


def _unpack(text: str) -> Bundle:
    from mockserver.bundle.archive import unpacked

    return unpacked(b64decode(text, validate=True))


def view(restored: Restored) -> LoadedBundle:
    """Return how a replay went, for a reply."""
    outcome = restored.outcome
    others = [each for each in outcome.requests if not each.identical]
    return LoadedBundle(
        requests=len(outcome.requests),
        identical=outcome.identical,
        differences=[
            ReplayedRequest(
                number=each.number,
                operation=each.operation,
                sent=each.sent,
                differences=list(each.differences),
                why=each.why or "",
            )
            for each in others[:MOST_LISTED]
        ],
        changes=list(outcome.changes),
    )
