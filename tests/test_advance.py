"""An advance does what was due when it began. Advances are made one after the other, and add up."""

import asyncio
from typing import Any

from mockserver.clock import let_others_run
from tests.conversation import Conversation
from tests.listener import Listener

SUBMIT = "/videotoprompt/v1/analyze/url"
STREAM = "/nanophoto/api/sora-2/reverse-prompt"
HOOK = {"url": "http://receiver.test/hook", "secret": "whsec_1"}
STEPS = [{"status": "queued", "for": "2s ± 1s"}, {"status": "running", "for": "15s ± 5s"}, {"status": "succeeded"}]


def scenario(mode: str = "manual", steps: list[dict[str, str]] | None = None, **more: Any) -> dict[str, Any]:
    accounts = [{"key": "*", "plan": "enterprise", "webhook": HOOK}]
    return {"accounts": accounts, "plans": {"default": {"steps": steps or STEPS}}, "clock": {"mode": mode}, **more}


async def submit(t: Conversation, number: int = 0) -> str:
    headers = {"Authorization": f"Bearer key-{number // 100}"}
    return str((await t.post(SUBMIT, {"url": f"https://x.test/{number}.mp4"}, headers=headers)).json()["id"])


class Load:
    """Clients that submit jobs all the time."""

    def __init__(self, t: Conversation, clients: int = 3) -> None:
        self._t, self._clients, self._ended, self.submitted = t, clients, False, 0
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Load":
        self._tasks = [asyncio.create_task(self._submit()) for _ in range(self._clients)]
        await let_others_run()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._ended = True
        await asyncio.gather(*self._tasks)

    async def _submit(self) -> None:
        while not self._ended:
            self.submitted += 1
            await submit(self._t, self.submitted)
            await let_others_run()


async def test_advances_at_the_same_time_add_up() -> None:
    async with Conversation(scenario()) as t:
        for number in range(20):
            await submit(t, number)
        start = t.sandbox.clock.now()
        replies = await asyncio.gather(*(t.post("/_mock/clock", {"advance": "50s"}) for _ in range(8)))
        assert t.sandbox.clock.now() == start + 400_000
        assert sorted(reply.json()["milliseconds"] - start for reply in replies) == [50_000 * n for n in range(1, 9)]


async def test_moves_to_the_next_event_at_the_same_time_go_to_different_events() -> None:
    async with Conversation(scenario(steps=[*({"status": "running", "for": "10s"} for _ in range(5)), STEPS[-1]])) as t:
        await submit(t)
        start = t.sandbox.clock.now()
        await asyncio.gather(*(t.post("/_mock/clock", {"to": "next"}) for _ in range(3)))
        assert t.sandbox.clock.now() == start + 30_000


async def test_an_advance_returns_while_others_submit_and_has_done_what_was_due() -> None:
    async with Conversation(scenario()) as t:
        jobs = {await submit(t, number) for number in range(10)}
        async with Load(t) as load, asyncio.timeout(10):
            start = t.sandbox.clock.now()
            reply = await t.post("/_mock/clock", {"advance": "60s"})
            assert reply.json()["milliseconds"] == start + 60_000
            sent = {delivery.job: delivery for delivery in await t.sandbox.store.deliveries()}
            assert {sent[job].outcome for job in jobs} == {"delivered"}
            assert load.submitted > 0


async def test_an_advance_to_the_end_of_a_job_returns_while_others_submit() -> None:
    async with Conversation(scenario()) as t:
        job = await submit(t)
        async with Load(t), asyncio.timeout(10):
            reply = await t.post("/_mock/clock", {"until": {"job": job}})
            assert reply.status_code == 200
        assert (await t.get(f"/_mock/jobs/{job}")).json()["status"] == "succeeded"


async def test_an_advance_returns_while_streams_begin_all_the_time() -> None:
    pace = {"first": "10ms", "every": "7ms ± 3ms"}
    rule = {"name": "words", "operation": "nanophoto.reverse_prompt", "stream": {"text": "word " * 50, "pace": pace}}
    async with Conversation(scenario(rules=[rule])) as t:
        listened, ended = 0, False

        async def listen() -> None:
            nonlocal listened
            while not ended:
                body = b'{"videoSource": "url", "videoUrl": "https://x.test/a.mp4"}'
                await Listener(t, STREAM, body).end()
                listened += 1

        tasks = [asyncio.create_task(listen()) for _ in range(8)]
        async with asyncio.timeout(10):
            assert (await t.post("/_mock/clock", {"advance": "60s"})).status_code == 200
        ended = True
        assert listened > 8
        while not all(task.done() for task in tasks):
            await t.sandbox.reset("all")  # which ends the streams
            await let_others_run()


async def test_jobs_that_a_receiver_submits_are_met_by_the_same_advance() -> None:
    steps = [{"status": "running", "for": "10s"}, {"status": "succeeded"}]
    async with Conversation(scenario(steps=steps)) as t:
        original, at = t.receivers.send, []

        async def chained(call: Any) -> Any:
            at.append(t.sandbox.clock.now())
            await submit(t, len(at))
            return await original(call)

        t.receivers.send = chained  # type: ignore[method-assign]
        start = t.sandbox.clock.now()
        await submit(t)
        await t.advance(60)
        assert [each - start for each in at] == [10_000 * n for n in range(1, 7)]
