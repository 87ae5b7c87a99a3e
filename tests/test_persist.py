"""A server with a store in a file continues where it ended, however it ended."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mockserver.app import create_app
from mockserver.clock import wall_ms
from mockserver.outgoing.call import CallResult, OutgoingCall
from mockserver.sandbox import keeping
from mockserver.settings import Settings
from tests.kept import Kept

ANALYZE = "/videotoprompt/v1/analyze/url"
GENERATE = "/prompttovideo/api/v1/generate"
STREAM = "/nanophoto/api/sora-2/reverse-prompt"
EXTRACT = "/dumplingai/api/v1/extract-video"
VIDEO = {"url": "https://example.com/hike.mp4"}
YOUTUBE = {"videoSource": "youtube", "videoUrl": "https://www.youtube.com/watch?v=W-15-UmGP5s"}
HOOKED: dict[str, Any] = {
    "accounts": [{"key": "*", "plan": "pro", "credits": 9000, "webhook": {"url": "http://127.0.0.1:9/hook"}}]
}
# Everything that the control API shows of a sandbox.
VIEWS = ("jobs", "journal", "accounts", "faults", "deliveries", "clock", "scenario", "coverage")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


async def views(server: Kept, prefix: str = "") -> dict[str, Any]:
    found = {name: await server.get(f"{prefix}/_mock/{name}") for name in VIEWS}
    # Those that were used last are first, and the request itself uses them.
    found["accounts"]["accounts"].sort(key=lambda each: (each["provider"], each["key"]))
    return found


async def used(server: Kept) -> None:
    """Use every part of two sandboxes: jobs, credits, limits, faults, tokens, webhooks, an uploaded scenario."""
    await server.post("/_mock/sandboxes", {"name": "ci", "seed": 5, "scenario": "default", "clock": {"mode": "manual"}})
    upload = {
        "scenario": "mine",
        "extends": "default",
        "rules": [{"name": "second", "operation": "videotoprompt.*", "nth": 2, "plan": "default"}],
    }
    await server.client.put("/~ci/_mock/scenario", json=upload)
    for prefix in ("", "/~ci"):
        for n in range(3):
            await server.post(prefix + ANALYZE, {"url": f"https://example.com/{n}.mp4"})
            await server.post(prefix + GENERATE, {"prompt": f"the sea, {n}", "quality": "premium"})
        await server.post(
            f"{prefix}/_mock/faults", {"operation": "descrideo.*", "fault": {"kind": "server_error"}, "times": 2}
        )
        await server.client.patch(f"{prefix}/_mock/accounts/key-2", json={"credits": 7})
        await server.post(f"{prefix}/_mock/clock", {"advance": "9s"})
        await server.get(f"{prefix}/_mock/jobs")


async def test_everything_that_the_control_api_shows_is_there_after_a_kill(file: Path) -> None:
    async with Kept(file, **HOOKED) as server:
        await used(server)
        before = [await views(server), await views(server, "/~ci")]
        await server.kill()
    async with Kept(file, **HOOKED) as server:
        assert [await views(server), await views(server, "/~ci")] == before
        assert (await server.get("/_mock/deliveries"))["deliveries"]


async def test_ids_counters_and_rules_go_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    replies = []
    for kills in (False, True):
        server = Kept(
            tmp_path / f"{kills}.db",
            rules=[
                {"name": "fourth", "operation": "prompttovideo.generate", "nth": 4, "fault": {"kind": "overloaded"}}
            ],
        )
        async with server:
            first = [(await server.client.post(GENERATE, json={"prompt": "the sea"})).text for _ in range(3)]
            if kills:
                await server.kill()
        if kills:
            server = Kept(
                tmp_path / f"{kills}.db",
                rules=[
                    {"name": "fourth", "operation": "prompttovideo.generate", "nth": 4, "fault": {"kind": "overloaded"}}
                ],
            )
        else:
            server = Kept(tmp_path / "unused.db")
        replies.append((server, first))
    (_, unkilled), (killed, first) = replies
    assert unkilled == first
    async with killed:
        assert (await killed.client.post(GENERATE, json={"prompt": "the sea"})).status_code == 503
        fifth = await killed.post(GENERATE, {"prompt": "the sea"})
        assert str(fifth["video_id"]) not in "".join(first)
        assert fifth["queue_position"] == 4


async def test_limits_count_on(file: Path) -> None:
    accounts = [{"key": "*", "plan": "free", "limits": {"analyses_per_day": 2}}]
    async with Kept(file, accounts=accounts) as server:
        await server.post(ANALYZE, VIDEO)
        await server.kill()
    async with Kept(file, accounts=accounts) as server:
        await server.post(ANALYZE, VIDEO)
        await server.post(ANALYZE, VIDEO, status=429)


async def test_a_job_is_charged_once_wherever_the_server_is_killed(file: Path) -> None:
    async with Kept(file) as server:
        video = (await server.post(GENERATE, {"prompt": "the sea"}))["video_id"]
        await server.kill()
    for _ in range(3):
        async with Kept(file) as server:
            await server.advance(20)
            await server.kill()
    async with Kept(file) as server:
        (account,) = (await server.get("/_mock/accounts/key-1?provider=prompttovideo"))["accounts"]
        kinds = [entry["kind"] for entry in account["ledger"] if entry["reference"] == str(video)]
        assert kinds == ["reserve", "capture"]
        assert account["reserved"] == 0


async def test_a_webhook_that_waits_for_its_retry_is_sent_after_a_kill(file: Path) -> None:
    async with Kept(file, **HOOKED) as server:
        server.receivers.answers = [CallResult("response", 500)]
        await server.post(ANALYZE, VIDEO)
        await server.advance(9)
        (first,) = server.receivers.calls
        await server.kill()
    async with Kept(file, **HOOKED) as server:
        await server.advance(600)
        (again,) = server.receivers.calls
        assert again.body == first.body
        (delivery,) = (await server.get("/_mock/deliveries"))["deliveries"]
        assert (delivery["outcome"], len(delivery["attempts"])) == ("delivered", 2)


async def test_an_attempt_that_the_kill_cut_off_is_made_again(file: Path) -> None:
    class Silent:
        calls: list[OutgoingCall]

        async def send(self, call: OutgoingCall) -> CallResult:
            began.set()
            await asyncio.Event().wait()
            raise AssertionError

    began = asyncio.Event()
    async with Kept(file, **HOOKED) as server:
        server.app.sandboxes.default.courier._attempts._sender = Silent()
        await server.post(ANALYZE, VIDEO)
        advance = asyncio.create_task(server.advance(9))
        await began.wait()
        await server.kill()
        advance.cancel()
    async with Kept(file, **HOOKED) as server:
        await server.app.sandboxes.default.courier.settled()
        await server.advance(0)
        assert len(server.receivers.calls) == 1


@pytest.mark.parametrize(("path", "body", "provider"), [(STREAM, YOUTUBE, "nanophoto"), (EXTRACT, None, "dumplingai")])
async def test_a_request_that_the_kill_cut_off_is_refunded(file: Path, path: str, body: Any, provider: str) -> None:
    body = body or {"inputMethod": "url", "video": "https://example.com/a.mp4", "prompt": "what happens?"}
    plans: Any = {"default": {"steps": [{"status": "running", "for": "5s"}, {"status": "succeeded"}]}}
    scenario: dict[str, Any] = {
        **HOOKED,
        "plans": plans,
        "rules": [{"name": "slow", "operation": f"{provider}.*", "plan": "default"}],
    }

    async def credits(server: Kept) -> tuple[float, float]:
        (account,) = (await server.get(f"/_mock/accounts/key-1?provider={provider}"))["accounts"]
        return account["credits"], account["reserved"]

    async with Kept(file, **scenario) as server:
        request = asyncio.create_task(server.client.post(path, json=body))
        async with asyncio.timeout(5):
            while (await credits(server))[1] == 0:
                assert not request.done(), request.result().text
        await server.kill()
        request.cancel()
    async with Kept(file, **scenario) as server:
        await server.advance(60)
        assert await credits(server) == (9000, 0)
        for job in (await server.get("/_mock/jobs"))["jobs"]:
            assert (job["status"], job["error"]) == ("failed", "the server ended before the reply was complete")
            (note,) = [e for e in (await server.get("/_mock/journal"))["entries"] if e["kind"] == "control"]
            assert job["id"] in note["note"]


async def test_a_stream_that_was_complete_is_charged(file: Path) -> None:
    scenario: Any = {"clock": {"mode": "auto"}, **HOOKED}
    async with Kept(file, **scenario) as server:
        assert (await server.client.post(STREAM, json=YOUTUBE)).status_code == 200
        await server.kill()
    async with Kept(file, **scenario) as server:
        (account,) = (await server.get("/_mock/accounts/key-1?provider=nanophoto"))["accounts"]
        assert account["credits"] == 8999


# The clock.


@pytest.mark.parametrize(
    ("clock", "resume", "passes"),
    [
        ({"mode": "real"}, "now", 3_600_000),
        ({"mode": "real"}, "paused", 0),
        ({"mode": "scaled", "speed": 60}, "now", 60 * 3_600_000),
        ({"mode": "scaled", "speed": 60}, "paused", 0),
        ({"mode": "manual"}, "now", 0),
        ({"mode": "auto"}, "now", 0),
    ],
)
async def test_what_clocks_do_meanwhile(
    file: Path, monkeypatch: pytest.MonkeyPatch, clock: Any, resume: str, passes: int
) -> None:
    async with Kept(file, clock=clock) as server:
        await server.post("/_mock/clock", {"advance": "1s"})
        before = (await server.get("/_mock/clock"))["milliseconds"]
        await server.kill()
    real = wall_ms
    monkeypatch.setattr(keeping, "wall_ms", lambda: real() + 3_600_000)
    async with Kept(file, Settings(resume=resume), clock=clock) as server:
        after = await server.get("/_mock/clock")
        assert after["mode"] == clock["mode"]
        assert passes - 1_000 <= after["milliseconds"] - before <= passes + 300_000


# The scenario.


async def names(server: Kept) -> dict[str, str]:
    return {each["name"]: each["scenario"] for each in (await server.get("/_mock/sandboxes"))["sandboxes"]}


def story(directory: Path, name: str, credits: int) -> str:
    file = directory / "story.yaml"
    file.write_text(f'scenario: {name}\nclock: {{mode: manual}}\naccounts: [{{key: "*", credits: {credits}}}]\n')
    return str(file)


async def test_a_scenario_that_is_chosen_replaces_that_of_the_file(tmp_path: Path, file: Path) -> None:
    async with Kept(file, Settings(scenario=story(tmp_path, "first", 10))) as server:
        await server.post("/_mock/sandboxes", {"name": "own", "scenario": "tour"})
        await server.post(GENERATE, {"prompt": "the sea"})
        await server.kill()
    for name, opening, credits, switches in (
        ("first", 10, 9, False), ("edited", 20, 20, True), ("edited", 20, 20, False),
    ):  # fmt: skip
        async with Kept(file, Settings(scenario=story(tmp_path, name, opening))) as server:
            assert await names(server) == {"default": name, "own": "tour"}
            (account,) = (await server.get("/_mock/accounts/key-1?provider=prompttovideo"))["accounts"]
            assert account["credits"] == credits
            assert len((await server.get("/_mock/jobs"))["jobs"]) == 1
            line = "Sandboxes that switch to the chosen scenario: default."
            assert (line in server.app.sandboxes.report) is switches
            await server.kill()


async def test_a_file_that_was_edited_while_the_server_ran_is_no_change_at_its_next_start(
    tmp_path: Path, file: Path
) -> None:
    async with Kept(file, Settings(scenario=story(tmp_path, "first", 10))) as server:
        await server.post(GENERATE, {"prompt": "the sea"})
        story(tmp_path, "edited", 20)
        watch = server.app.watch
        assert watch is not None
        assert [await watch.check(), await watch.check()] == [False, True]
        await server.post(GENERATE, {"prompt": "the sea"})
        await server.kill()
    async with Kept(file, Settings(scenario=str(tmp_path / "story.yaml"))) as server:
        assert (server.app.sandboxes.default.program.name, len(server.app.sandboxes.report)) == ("edited", 1)
        (account,) = (await server.get("/_mock/accounts/key-1?provider=prompttovideo"))["accounts"]
        assert account["credits"] == 19


async def test_without_a_chosen_scenario_that_of_the_file_stays(tmp_path: Path, file: Path) -> None:
    async with Kept(file, Settings(scenario=story(tmp_path, "first", 10))) as server:
        await server.kill()
    app = create_app(Settings(store=f"sqlite:{file}"))
    assert app.sandboxes.default.program.name == app.sandboxes.initial.name == "first"
    assert "No scenario was chosen, so the one of the file stays: first." in app.sandboxes.report
    await app.close()


async def test_the_seed_and_the_clock_of_the_file_stay(tmp_path: Path, file: Path) -> None:
    async with Kept(file, Settings(seed=7)) as server:
        await server.kill()
    async with Kept(file, Settings(seed=8, clock="real")) as server:
        sandbox = server.app.sandboxes.default
        assert (sandbox.seed, sandbox.clock.mode) == (7, "manual")
        assert server.app.sandboxes.report[1:] == [
            "The sandbox default keeps its seed 7; the setting seed 8 is for new sandboxes.",
            "The sandbox default keeps its manual clock; the setting clock real is for new sandboxes.",
        ]
        new = await server.post("/_mock/sandboxes", {})
        assert (new["seed"], new["clock"]) == (8, "real")


async def test_the_title_and_the_earlier_scenarios_of_a_sandbox_stay(file: Path) -> None:
    async with Kept(file) as server:
        for name in ("tour", "default", "tour"):
            await server.client.put("/_mock/scenario", json={"name": name})
        server.app.sandboxes.default.title = "a test"
        await server.post(ANALYZE, VIDEO)
        await server.kill()
    async with Kept(file) as server:
        sandbox = server.app.sandboxes.default
        assert [each.name for each in sandbox.programs.values()] == ["test", "tour", "default", "tour"]
        assert (sandbox.title, sandbox.programs[sandbox.activations]) == ("a test", sandbox.program)
        await server.kill()
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT count(*) FROM scenarios").fetchone() == (3,)


async def test_deleted_sandboxes_stay_deleted_and_names_are_not_given_again(file: Path) -> None:
    async with Kept(file) as server:
        await server.post("/_mock/sandboxes", {})
        await server.post("/~s1" + ANALYZE, VIDEO)
        assert (await server.client.delete("/_mock/sandboxes/s1")).status_code == 204
        await server.kill()
    async with Kept(file) as server:
        assert (await server.client.get("/~s1/_mock/jobs")).status_code == 404
        assert (await server.post("/_mock/sandboxes", {}))["name"] == "s2"
        assert (await server.get("/_mock/coverage"))["met"] > 0
        await server.kill()
    with closing(sqlite3.connect(file)) as connection:
        assert [row[0] for row in connection.execute("SELECT name FROM sandboxes")] == ["default", "s2"]
        assert connection.execute("SELECT count(*) FROM jobs").fetchone() == (0,)


async def test_a_reset_stays_done(file: Path) -> None:
    async with Kept(file, **HOOKED) as server:
        await used(server)
        await server.post("/_mock/reset", {"what": "all"})
        before = await views(server)
        await server.kill()
    async with Kept(file, **HOOKED) as server:
        assert await views(server) == before
        assert before["jobs"]["jobs"] == before["journal"]["entries"] == before["faults"]["faults"] == []
