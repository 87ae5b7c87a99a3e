"""What the tools do: the calls of the control API that each makes, and what it returns of the replies."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from mockserver.agents.catalogue import TOOLS, ToolError, checked
from mockserver.agents.words import NotUnderstood, scenario_of

# The status, and the JSON or the text of a reply.
Reply = tuple[int, dict[str, Any] | str]


class Api(Protocol):
    """Calls the control API: `path` is below `/_mock`. A body in bytes is YAML."""

    async def __call__(self, method: str, path: str, body: Any = None, sandbox: str = "default") -> Reply: ...


class Toolbox:
    """Uses tools. `operations` are the names of all operations."""

    def __init__(self, api: Api, operations: tuple[str, ...]) -> None:
        self._api = api
        self._operations = operations
        self._sandbox = "default"

    async def use(self, name: str, arguments: Any) -> Any:
        """Return the result of a tool as JSON data. Raises ToolError."""
        tool = TOOLS[name]
        if not isinstance(arguments, Mapping):
            raise ToolError(f"{name} takes an object of arguments: {', '.join((*tool.arguments, 'sandbox'))}")
        unknown = [each for each in arguments if each not in (*tool.arguments, "sandbox")]
        missing = [each for each in tool.required if each not in arguments]
        if unknown or missing:
            problem = f"has no argument {unknown[0]!r}" if unknown else f"needs the argument {missing[0]!r}"
            known = ", ".join((*tool.arguments, "sandbox"))
            raise ToolError(f"{name} {problem}; its arguments are {known}. Next: {name} with these.")
        self._sandbox = str(arguments.get("sandbox") or "default")
        function: Callable[[Mapping[str, Any]], Awaitable[Any]] = getattr(self, f"_{name}")
        return await function(
            {
                key: checked(name, key, value)
                for key, value in arguments.items()
                if key != "sandbox" and value is not None
            }
        )

    async def _get(self, path: str, following: str = "", **query: Any) -> Any:
        return await self._send("GET", f"{path}?{urlencode(query)}" if query else path, None, following)

    async def _send(self, method: str, path: str, body: Any, following: str) -> Any:
        status, reply = await self._api(method, path, body, self._sandbox)
        if status < 400:
            return reply
        if isinstance(reply, str):
            raise ToolError(f"the server answered {status}: {reply[:200]}")
        reason = "\n".join(reply.get("errors") or [str(reply.get("detail", f"status {status}"))])
        if status == 401:
            following = "Start this tool with --token or MOCKSERVER_TOKEN."
        elif "no sandbox" in reason:
            following = "Next: state with sandbox=default lists the sandboxes."
        raise ToolError(f"{reason}\n{following}".strip())

    # The tools.

    async def _state(self, arguments: Mapping[str, Any]) -> Any:
        limit = arguments.get("limit", 10)
        clock, ready = await self._get("/clock"), await self._get("/ready")
        entries = (await self._get("/journal", kind="request", limit=limit))["entries"]
        jobs = (await self._get("/jobs", limit=limit))["jobs"]
        deliveries = (await self._get("/deliveries", limit=limit))["deliveries"]
        accounts, faults = (await self._get("/accounts"))["accounts"], (await self._get("/faults"))["faults"]
        sandboxes = (await self._get("/sandboxes"))["sandboxes"]
        return {
            "sandbox": self._sandbox,
            "sandboxes": [each["name"] for each in sandboxes[:20]],
            "scenario": ready["scenario"],
            "clock": {name: clock[name] for name in ("now", "mode", "next_event")},
            "requests": [
                _pick(e, "number", "at", "method", "path", "status", "operation", "rule", "job", "note")
                for e in entries
            ],
            "jobs": [_pick(j, "id", "operation", "status", "stage", "error", "rule", "held") for j in jobs],
            "deliveries": [
                {
                    **_pick(d, "id", "event", "job", "outcome", "url"),
                    "attempts": [a["status"] or a["error"] for a in d["attempts"]],
                }
                for d in deliveries
            ],
            "accounts": [_pick(a, "provider", "key", "plan", "credits", "reserved") for a in accounts[:limit]],
            "faults": [_pick(f, "operation", "times", "fault") for f in faults[:limit]],
        }

    async def _explain(self, arguments: Mapping[str, Any]) -> Any:
        entries = (await self._get("/journal", kind="request", limit=1_000))["entries"]
        wanted = arguments.get("request")
        entry = next((e for e in entries if wanted in (None, e.get("number"))), None)
        if entry is None:
            what = "no request yet" if not entries else f"no request #{wanted}"
            raise ToolError(f"There is {what} in this sandbox. Next: state lists the requests and the other sandboxes.")
        detail = await self._get(f"/journal/{entry['offset']}")
        names = ("number", "at", "method", "path", "query", "operation", "status", "rule", "note", "job", "deviations")
        explained = _pick(detail, *names)
        missed = [each for each in detail.get("missed", []) if not each["failed"].startswith("operation is not")]
        return {
            **explained,
            "request": detail.get("request", {}).get("body", "")[:2_000],
            "reply": detail.get("reply", {}).get("body", "")[:2_000],
            "missed_rules": missed[:10],
            "behaviours": [_pick(each, "rule", "class", "what") for each in detail.get("behaviours", [])],
        }

    async def _use_scenario(self, arguments: Mapping[str, Any]) -> Any:
        name, yaml = arguments.get("name"), arguments.get("yaml")
        if name is None and yaml is None:
            return await self._scenarios(str(arguments.get("find", "")))
        if yaml is not None:
            following = "Next: make_scenario with this yaml lists every mistake with its line."
            used = await self._send("PUT", "/scenario", str(yaml).encode(), following)
        else:
            following = "Next: use_scenario with find lists the scenarios with some words."
            used = await self._send("PUT", "/scenario", {"name": name}, following)
        return {**used, "next": "Run the client, then use state or verdict."}

    async def _scenarios(self, words: str) -> Any:
        listed = (await self._get("/scenarios"))["scenarios"]
        wanted = words.casefold().split()
        found = [e for e in listed if all(word in f"{e['name']} {e['description']}".casefold() for word in wanted)]
        if wanted and not found:
            raise ToolError(f"No scenario has the words {words!r}. Next: make_scenario makes one from words.")
        if len(found) > 40:
            return {"scenarios": [each["name"] for each in found], "next": "use_scenario with find describes some."}
        return {"scenarios": {each["name"]: each["description"] for each in found}}

    async def _move_clock(self, arguments: Mapping[str, Any]) -> Any:
        if len(arguments) != 1:
            raise ToolError("Give exactly one of advance, until_job, to_next and mode. Next: move_clock with one.")
        ((name, value),) = arguments.items()
        changes = {
            "advance": {"advance": value},
            "until_job": {"until": {"job": value}},
            "to_next": {"to": "next"},
            "mode": {"mode": value},
        }
        following = "Next: state lists the jobs; a job that is held or counts polls does not end by time alone."
        moved = await self._send("POST", "/clock", changes[name], following)
        return _pick(moved, "now", "mode", "events", "next_event")

    async def _arm_fault(self, arguments: Mapping[str, Any]) -> Any:
        fault = {"kind": arguments["kind"], **(arguments.get("options") or {})}
        body = {"operation": arguments.get("operation", "*"), "times": arguments.get("times", 1), "fault": fault}
        following = "Next: arm_fault with one of these names, or make_scenario for a rule with conditions."
        armed = await self._send("POST", "/faults", body, following)
        return {**_pick(armed, "id", "operation", "times", "fault"), "next": "Run the client, then use explain."}

    async def _replay_delivery(self, arguments: Mapping[str, Any]) -> Any:
        name = arguments.get("id")
        if name is None:
            deliveries = (await self._get("/deliveries", limit=1))["deliveries"]
            if not deliveries:
                raise ToolError(
                    "There is no webhook yet. Next: state shows whether a job has ended; an account without a webhook "
                    "URL sends none."
                )
            name = deliveries[0]["id"]
        body = {} if arguments.get("url") is None else {"url": arguments["url"]}
        following = "Next: state lists the deliveries with their ids."
        sent = await self._send("POST", f"/deliveries/{quote(str(name), safe='')}/replay", body, following)
        return {**sent, "next": "state shows the new attempt; on a manual clock, first move_clock with to_next."}

    async def _verdict(self, arguments: Mapping[str, Any]) -> Any:
        verdict = await self._get("/verdict")
        if not verdict["observed"]:
            raise ToolError("Nothing was observed, so there is no verdict. Next: run the client against this sandbox.")
        findings = [
            _pick(each, "rule", "severity", "message", "instead", "requests", "jobs", "credits")
            for each in verdict["findings"][:30]
        ]
        clean = {} if findings else {"clean": True}
        return {**_pick(verdict, "requests", "jobs", "deliveries", "counts"), **clean, "findings": findings}

    async def _make_scenario(self, arguments: Mapping[str, Any]) -> Any:
        words, yaml = arguments.get("words"), arguments.get("yaml")
        assertions: list[str] = []
        if yaml is None:
            if not words:
                raise ToolError("make_scenario needs words, or yaml. Next: make_scenario with words.")
            try:
                yaml, assertions = scenario_of(str(words), self._operations)
            except NotUnderstood as error:
                raise ToolError(f"{error} Next: make_scenario with other words, or use_scenario with find.") from None
        checked = await self._send(
            "POST", "/scenario/check", str(yaml).encode(), "Next: make_scenario with correct YAML."
        )
        found = {
            name: [_pick(m, "line", "path", "message") for m in checked[name]] for name in ("mistakes", "warnings")
        }
        following = "use_scenario with this yaml" if checked["valid"] else "make_scenario with the yaml corrected"
        return {"yaml": yaml, "valid": checked["valid"], **found, "assertions": assertions, "next": following}


def _pick(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return some fields of a reply, without those that are empty."""
    empty: tuple[Any, ...] = (None, [], "")
    return {name: row[name] for name in names if row.get(name) not in empty and row[name] is not False}
