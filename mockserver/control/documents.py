"""The OpenAPI documents that the control API hands out."""

import asyncio
from collections.abc import Mapping
from typing import Any

from mockserver.control.call import ControlCall, ControlError
from mockserver.kit.operations import Reply


async def show(call: ControlCall) -> Reply:
    """GET /_mock/openapi/{name}: the first server in it is this one, with the sandbox, as the client reaches it."""
    wanted, known = call.path["name"], [p.name for p in call.providers]
    if wanted != "control" and wanted not in known:
        raise ControlError(404, f"There is no document {wanted!r}; the documents are {', '.join((*known, 'control'))}")
    # FastAPI takes long to import and to build with: not in the loop that answers everybody.
    made = await asyncio.to_thread(call.document, wanted)
    sandbox = "" if call.sandbox.name == "default" else f"/~{call.sandbox.name}"
    prefix = "_mock" if wanted == "control" else wanted
    return Reply(body=_moved(made, f"{call.origin}{sandbox}/{prefix}"))


def _moved(made: Mapping[str, Any], url: str) -> dict[str, Any]:
    """A document whose first server is at `url`; so is that of the operations that have servers of their own."""

    def here(part: Mapping[str, Any]) -> dict[str, Any]:
        first, *others = part["servers"]
        return {**part, "servers": [{**first, "url": url}, *others]}

    paths = {
        path: {method: here(shown) if "servers" in shown else shown for method, shown in item.items()}
        for path, item in made["paths"].items()
    }
    return {**here(made), "paths": paths}
