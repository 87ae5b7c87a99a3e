"""The Model Context Protocol, as far as a server with tools needs it: JSON-RPC messages in, messages out.

Two generations of the protocol are spoken. Until 2025-11-25 a client begins with `initialize`
(https://modelcontextprotocol.io/specification/2025-11-25). Since 2026-07-28 there is no handshake: a client may ask
`server/discover`, and every request is complete in itself.
"""

import json
from collections.abc import Mapping
from typing import Any

from mockserver import __version__
from mockserver.agents.catalogue import TOOLS, ToolError, description_of
from mockserver.agents.tools import Api, Toolbox

HANDSHAKE_VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
VERSIONS = ("2026-07-28", *HANDSHAKE_VERSIONS)
_INSTRUCTIONS = (
    "Simulates five AI-video provider APIs. Begin with `state`. Every tool takes `sandbox` (default: default). "
    "After a failed request, use `explain`; before a test is done, `verdict`. To make something fail, use `arm_fault` "
    "for the next requests, or `make_scenario` and `use_scenario` for more."
)
_INVALID_REQUEST, _NO_METHOD, _INVALID_PARAMS, _PARSE = -32600, -32601, -32602, -32700


async def answer(message: Any, api: Api, operations: tuple[str, ...]) -> dict[str, Any] | None:
    """Answer one JSON-RPC message. Notifications and responses have no answer: None."""
    if not isinstance(message, Mapping) or message.get("jsonrpc") != "2.0":
        return _error(None, _INVALID_REQUEST, "a message must be a JSON-RPC 2.0 object")
    method, number = message.get("method"), message.get("id")
    if number is None or method is None:
        return None
    parameters = message.get("params") or {}
    if not isinstance(parameters, Mapping):
        return _error(number, _INVALID_PARAMS, "params must be an object")
    if method == "tools/call":
        return await _call(number, parameters, api, operations)
    result = _RESULTS.get(method)
    if result is None:
        return _error(number, _NO_METHOD, f"there is no method {method!r}")
    return {"jsonrpc": "2.0", "id": number, "result": {**result(parameters), "resultType": "complete"}}


async def answer_text(text: str | bytes, api: Api, operations: tuple[str, ...]) -> str | None:
    """Answer one message that is a JSON text. Returns the text of the answer, or None."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return json.dumps(_error(None, _PARSE, "the message is not valid JSON"))
    reply = await answer(message, api, operations)
    return None if reply is None else json.dumps(reply, ensure_ascii=False)


async def _call(number: Any, parameters: Mapping[str, Any], api: Api, operations: tuple[str, ...]) -> dict[str, Any]:
    name, arguments = parameters.get("name"), parameters.get("arguments") or {}
    if name not in TOOLS:
        return _error(number, _INVALID_PARAMS, f"there is no tool {name!r}; the tools are {', '.join(TOOLS)}")
    try:
        data = await Toolbox(api, operations).use(str(name), arguments)
        text, failed = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, indent=1), False
    except ToolError as error:
        text, failed = str(error), True
    result = {"content": [{"type": "text", "text": text}], "isError": failed, "resultType": "complete"}
    return {"jsonrpc": "2.0", "id": number, "result": result}


def _initialized(parameters: Mapping[str, Any]) -> dict[str, Any]:
    wanted = parameters.get("protocolVersion")
    return {
        "protocolVersion": wanted if wanted in HANDSHAKE_VERSIONS else HANDSHAKE_VERSIONS[0],
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "mockserver", "version": __version__},
        "instructions": _INSTRUCTIONS,
    }


def _discovered(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "supportedVersions": list(VERSIONS),
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "mockserver", "version": __version__},
        "instructions": _INSTRUCTIONS,
        "ttlMs": 0,
        "cacheScope": "private",
    }


def _listed(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {"tools": [description_of(name) for name in TOOLS], "ttlMs": 0, "cacheScope": "private"}


def _nothing(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {}


_RESULTS = {"initialize": _initialized, "server/discover": _discovered, "tools/list": _listed, "ping": _nothing}


def _error(number: Any, code: int, text: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": text}}
