"""Servers that share a Valkey are like one server: whichever is asked, the state is the same."""

import asyncio
from typing import Any

from tests.farm import Farm, at_once

ANALYZE = "/videotoprompt/v1/analyze/url"
GENERATE = "/prompttovideo/api/v1/generate"
HOOKED: dict[str, Any] = {
    "accounts": [{"key": "*", "plan": "pro", "credits": 500, "webhook": {"url": "http://127.0.0.1:9/hook"}}]
}


async def story(farm: Farm, name: str) -> list[Any]:
    """Live through everything in one sandbox, and return every reply."""
    replies: list[Any] = []

    async def note(method: str, path: str, json: Any = None) -> Any:
        reply = await farm.send(method, path, json)
        dated = {name: value for name, value in reply.headers.items() if name != "date"}
        replies.append((method, path, reply.status_code, dated, reply.text))
        return reply.json() if reply.headers.get("content-type", "").startswith("application/json") else None

    base = f"/~{name}"
    new = {"name": name, "seed": 7, "clock": {"mode": "manual"}}
    await farm.post("/_mock/sandboxes", new)
    jobs = [await note("POST", base + ANALYZE, {"url": f"https://example.com/{n}.mp4"}) for n in range(2)]
    made = await note("POST", base + GENERATE, {"prompt": f"the sea at {name}", "quality": "premium"})
    await note("POST", f"{base}/_mock/faults", {"operation": "videotoprompt.*", "fault": {"kind": "server_error"}})
    await note("POST", base + ANALYZE, {"url": "https://example.com/refused.mp4"})
    await note("POST", f"{base}/_mock/clock", {"advance": "3s"})
    for job in jobs:
        await note("GET", f"{base}/videotoprompt/v1/analyze/{job['id']}")
    await note("POST", f"{base}/_mock/clock", {"to": "next"})
    await note("POST", f"{base}/_mock/clock", {"advance": "10m"})
    for job in jobs:
        await note("GET", f"{base}/videotoprompt/v1/analyze/{job['id']}")
    await note("GET", f"{base}/prompttovideo/api/v1/video/{made['video_id']}/status")
    for view in ("jobs", "clock", "deliveries", "accounts/key-1", "faults", "journal?limit=200"):
        await note("GET", f"{base}/_mock/{view}")
    return replies


def steady(replies: list[Any]) -> list[Any]:
    """Leave out what says how long something took in real time."""
    import re

    return [
        tuple(
            re.sub(r'"((?:real_duration|duration|elapsed)_ms)":[^,}]*', r'"\1":0', each) if type(each) is str else each
            for each in reply
        )
        for reply in replies
    ]


async def test_a_hundred_sandboxes_on_three_servers_are_like_those_on_one_in_memory(valkey: str) -> None:
    names = [f"box{n}" for n in range(100)]

    async def lived(farm: Farm) -> dict[str, Any]:
        waiting, replies = list(names), {}

        async def client() -> None:
            while waiting:
                name = waiting.pop()
                replies[name] = steady(await story(farm, name))

        await at_once(*(client() for _ in range(16)))
        return replies

    async with Farm(**HOOKED) as one:
        expected = await lived(one)
    async with Farm(valkey, **HOOKED) as three:
        actual = await lived(three)
        assert len(three.receivers.calls) == len(one.receivers.calls)
    for name in names:
        assert actual[name] == expected[name]
