"""A bundle on the page: a sandbox that shows what was recorded, and is not changed."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mockserver import MockServer
from mockserver.settings import Settings
from tests.bundling import ZIP, saved
from tests.conversation import Conversation

KEY = {"authorization": "Bearer key-1234567890"}
HOOK = "http://127.0.0.1:9000/hook"
LISTS = ("/journal?limit=500", "/jobs", "/deliveries", "/verdict")


async def played(t: Conversation) -> None:
    """Make some jobs, a refusal, polls, webhooks that fail, and a job that has not ended."""
    account = "/_mock/accounts/key-1234567890?provider=videotoprompt"
    await t.client.patch(account, json={"webhook": {"url": HOOK}, "credits": 50})
    for word in ("a", "mock-fail", "mock-rate-limited"):
        body = {"url": f"https://e.com/{word}.mp4", "plattform": "x"}
        await t.client.post("/videotoprompt/v1/analyze/url", json=body, headers=KEY)
    video = {"prompt": "A lighthouse"}
    await t.client.post("/prompttovideo/api/v1/generate", json=video, headers=KEY)
    await t.advance(30)
    await t.client.post("/prompttovideo/api/v1/generate", json=video, headers=KEY)
    await t.client.get("/nothing", headers=KEY)


async def shown(t: Conversation, data: bytes, query: str = "name=seen&read_only=true") -> Any:
    return await t.client.post(f"/_mock/sandboxes?{query}", content=data, headers=ZIP)


def without_bytes(value: Any) -> Any:
    """Leave out what the store of a sandbox decides: the offsets, and the cursor of the next page."""
    if isinstance(value, dict):
        return {name: without_bytes(each) for name, each in value.items() if name not in ("offset", "next", "missed")}
    return [without_bytes(each) for each in value] if isinstance(value, list) else value


async def test_it_shows_what_the_sandbox_showed() -> None:
    async with Conversation({"extends": "default", "accounts": [{"key": "*", "credits": 40}]}) as t:
        await played(t)
        before = [(await t.get(f"/_mock{path}")).json() for path in LISTS]
        reply = await shown(t, await saved(t))
        assert (reply.status_code, reply.json()["read_only"], reply.json()["title"]) == (201, True, "bundle of default")
        after = [(await t.get(f"/~seen/_mock{path}")).json() for path in LISTS]
        again = [(await t.get(f"/~seen/_mock{path}")).json() for path in LISTS]
        clocks = [(await t.get(f"{prefix}/_mock/clock")).json() for prefix in ("", "/~seen")]
        accounts = [(await t.get(f"{prefix}/_mock/accounts")).json()["accounts"] for prefix in ("", "/~seen")]
    assert len(before[0]["entries"]) > 12
    assert before[3]["findings"]
    assert without_bytes(after) == without_bytes(before)
    assert again == after
    assert clocks[0]["milliseconds"] == clocks[1]["milliseconds"]
    assert [each["usage"] for each in accounts[1]] == [[], []]
    ledgers = [{each["provider"]: (each["credits"], each["ledger"]) for each in listed} for listed in accounts]
    assert ledgers[0]["prompttovideo"] == ledgers[1]["prompttovideo"]


async def test_it_takes_no_requests_and_no_changes() -> None:
    async with Conversation() as t:
        await played(t)
        await shown(t, await saved(t))
        before = (await t.get("/~seen/_mock/journal")).json()
        for method, path, body in (
            ("POST", "/clock", {"advance": "1h"}),
            ("POST", "/reset", {"what": "all"}),
            ("PUT", "/scenario", {"name": "tour"}),
            ("POST", "/faults", {"fault": {"kind": "overloaded"}}),
            ("PATCH", "/accounts/key-1?provider=videotoprompt", {"credits": 1}),
        ):
            refused = await t.client.request(method, f"/~seen/_mock{path}", json=body)
            assert (refused.status_code, "shows a bundle" in refused.json()["detail"]) == (409, True), path
        body = {"url": "https://e.com/a.mp4"}
        refused = await t.client.post("/~seen/videotoprompt/v1/analyze/url", json=body, headers=KEY)
        assert (refused.status_code, "It takes no requests" in refused.text) == (409, True)
        assert (await t.get("/~seen/_mock/journal")).json() == before
        valid = await t.client.post("/~seen/_mock/scenario/check", json={"scenario": "x", "extends": "default"})
        assert valid.json()["valid"]
        assert (await t.client.delete("/_mock/sandboxes/seen")).status_code == 204


@pytest.mark.parametrize(
    ("query", "content", "status", "text"),
    [
        ("read_only=true&at=1", None, 409, "read_only goes with a bundle"),
        ("read_only=true&clock=real", None, 409, "read_only goes with a bundle"),
        ("read_only=true", b"PK nonsense", 422, "The bundle is refused: "),
        ("read_only=true&name=default", None, 409, "already exists"),
    ],
)
async def test_what_cannot_be_shown_is_refused(query: str, content: bytes | None, status: int, text: str) -> None:
    async with Conversation() as t:
        reply = await shown(t, content or await saved(t), query)
        assert (reply.status_code, text in reply.json()["detail"]) == (status, True), reply.text
        assert len((await t.get("/_mock/sandboxes")).json()["sandboxes"]) == 1


async def test_read_only_needs_a_bundle() -> None:
    async with Conversation() as t:
        reply = await t.client.post("/_mock/sandboxes?read_only=true", json={"name": "x"})
        assert (reply.status_code, reply.json()["detail"]) == (
            409, "read_only goes with a bundle, and not with at or clock",
        )  # fmt: skip


async def test_it_is_not_kept_in_the_file_of_a_store(tmp_path: Path) -> None:
    settings = Settings(store=f"sqlite:{tmp_path / 'mock.db'}")
    async with Conversation(settings=settings) as t:
        await played(t)
        assert (await shown(t, await saved(t))).status_code == 201
        await t.client.delete("/_mock/sandboxes/seen")
        assert (await shown(t, await saved(t))).status_code == 201
    async with Conversation(settings=settings) as t:
        names = [each["name"] for each in (await t.get("/_mock/sandboxes")).json()["sandboxes"]]
    assert names == ["default"]


def test_the_command_serves_the_page_until_it_is_interrupted(tmp_path: Path) -> None:
    with MockServer() as mock:
        mock.bundle(tmp_path / "run.mock.zip")
    command = [sys.executable, "-m", "mockserver", "bundle", "show", "run.mock.zip", "--open"]
    # `true` stands for a browser.
    environment = {**os.environ, "BROWSER": "true"}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=20)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/~bundle/_mock/ shows run\.mock\.zip\. Press Ctrl\+C to end\.\n", line)
    assert (rest, errors, process.returncode) == ("", "", 0)
