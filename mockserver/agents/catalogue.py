"""The tools: what each is for, and its arguments."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class ToolError(Exception):
    """A tool cannot do what was asked. The message says why, and which call is next."""


class Tool(NamedTuple):
    """A tool: its description, its arguments as properties of a JSON Schema, and those that are required."""

    text: str
    arguments: Mapping[str, Mapping[str, Any]]
    required: tuple[str, ...] = ()
    changes: bool = True


def _text(description: str) -> dict[str, Any]:
    return {"type": "string", "description": description}


def _number(description: str) -> dict[str, Any]:
    return {"type": "integer", "minimum": 1, "description": description}


TOOLS: Mapping[str, Tool] = {
    "state": Tool(
        "Look at a sandbox: scenario, clock, jobs, webhooks, accounts, armed faults and the last requests.",
        {"limit": _number("requests, jobs and webhooks to list (default 10)")},
        changes=False,
    ),
    "explain": Tool(
        "Explain one request: the reply, the rule that matched, why others did not, what deviates from the contract, "
        "and the documented behaviours behind it.",
        {"request": _number("number of the request in `state` (default: the last)")},
        changes=False,
    ),
    "use_scenario": Tool(
        "Switch the sandbox to a scenario. Without arguments: list the scenarios.",
        {
            "name": _text("name of a scenario"),
            "yaml": _text("a scenario of your own, as from make_scenario"),
            "find": _text("only list scenarios with these words"),
        },
    ),
    "move_clock": Tool(
        "Move the clock. Jobs go on and webhooks are sent before it returns. Give one argument.",
        {
            "advance": _text("a duration: 15s, 2m"),
            "until_job": _text("id of a job that is to end"),
            "to_next": {"type": "boolean", "description": "to the next event"},
            "mode": {"enum": ["real", "manual", "auto"]},
        },
    ),
    "arm_fault": Tool(
        "Make the next requests fail, before any rule of the scenario.",
        {
            "operation": _text("provider.operation, * for any characters (default *)"),
            "kind": _text(
                "rate_limited, server_error, overloaded, unauthorized, insufficient_credits, invalid_request, latency, "
                "hang, reset, empty_reply, truncate, stall, garble, or a provider's code"
            ),
            "times": _number("requests (default 1)"),
            "options": {"type": "object", "description": "keys of a fault: retry_after, for, phase, at, message"},
        },
        ("kind",),
    ),
    "replay_delivery": Tool(
        "Send a webhook again, with the same bytes.",
        {"id": _text("id in `state` (default: the last)"), "url": _text("another receiver")},
    ),
    "verdict": Tool(
        "Judge the client: paid twice, polled too fast, ignored refusals, unsafe webhooks, and unmet expectations.",
        {},
        changes=False,
    ),
    "make_scenario": Tool(
        "Make a scenario from words, or check your own YAML: returns YAML, its mistakes and warnings, and assertions. "
        "It is not used yet. Name the provider or operation, what happens, and when.",
        {"words": _text("e.g. the second videotoprompt.analyze_url is rate limited for 20s"), "yaml": _text("")},
        changes=False,
    ),
}


def description_of(name: str) -> dict[str, Any]:
    """Return a tool as the protocol describes it."""
    tool = TOOLS[name]
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {**tool.arguments, "sandbox": {"type": "string"}},
        "additionalProperties": False,
    }
    if tool.required:
        schema["required"] = list(tool.required)
    hints = {"readOnlyHint": not tool.changes, "openWorldHint": False}
    return {"name": name, "description": tool.text, "inputSchema": schema, "annotations": hints}


def checked(tool: str, name: str, value: Any) -> Any:
    """Return the value of an argument, with its type. Raises ToolError. Agents also send numbers as texts."""
    schema = TOOLS[tool].arguments[name]
    wanted, needed = schema.get("type"), ""
    if wanted == "integer":
        if isinstance(value, str) and value.isascii() and value.isdecimal():
            value = int(value[:9])
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            needed = "a whole number from 1"
    elif wanted == "object" and not isinstance(value, Mapping):
        needed = "an object"
    if needed:
        about = schema["description"]
        raise ToolError(f"{name} must be {needed} ({about}), but is {value!r:.40}. Next: {tool} with another {name}.")
    return value
