"""What a switch to another scenario changes, and what it keeps; and what `reset` clears of credits."""

from typing import Any

from tests.conversation import Conversation

GENERATE = "/prompttovideo/api/v1/generate"
ACCOUNT = "/prompttovideo/api/v1/account"
ANALYZE = "/videotoprompt/v1/analyze/url"
PREMIUM = {"prompt": "a cat", "quality": "premium"}
DEFAULT_CREDITS = 1_000_000


def scenario(name: str, *accounts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"scenario": name, "accounts": [{"key": "*", "plan": "pro", **each} for each in accounts], **more}


BROKE = scenario("broke", {"credits": 0})
RICH = scenario("rich", {"credits": 50})
OPEN_END = scenario("open-end", {"credits": None})
PLAIN = scenario("plain", {})


async def use(t: Conversation, changed: dict[str, Any]) -> None:
    assert (await t.client.put("/_mock/scenario", json=changed)).status_code == 200


async def credits_of(t: Conversation) -> int:
    return int((await t.get(ACCOUNT)).json()["credits"])


async def generate(t: Conversation, body: Any = PREMIUM) -> int:
    return (await t.post(GENERATE, body)).status_code


async def test_an_account_that_was_out_of_credits_has_those_of_the_next_scenario() -> None:
    async with Conversation(BROKE) as t:
        assert await generate(t) == 402
        await use(t, RICH)
        assert await generate(t) == 200
        assert await credits_of(t) == 47
        await use(t, BROKE)
        assert await generate(t) == 402
        await use(t, PLAIN)
        assert await generate(t) == 200
        assert await credits_of(t) == DEFAULT_CREDITS - 3


async def test_an_account_that_was_unlimited_does_not_stay_so() -> None:
    async with Conversation(OPEN_END) as t:
        assert await generate(t) == 200
        assert await credits_of(t) == -1
        await use(t, scenario("poor", {"credits": 2}))
        assert (await generate(t), await credits_of(t)) == (402, 2)
        await use(t, OPEN_END)
        assert (await generate(t), await credits_of(t)) == (200, -1)


async def test_what_was_spent_before_a_switch_does_not_count() -> None:
    async with Conversation(RICH) as t:
        assert await generate(t) == 200
        await use(t, {**RICH, "scenario": "also-rich"})
        assert await credits_of(t) == 50


async def test_credits_of_the_control_api_end_with_the_scenario_and_other_changes_do_not() -> None:
    async with Conversation(RICH) as t:
        change = {"credits": 7, "limits": {"calls_per_day": 5}}
        await t.client.patch("/_mock/accounts/key-1?provider=prompttovideo", json=change)
        assert await credits_of(t) == 7
        await use(t, PLAIN)
        shown = (await t.get("/_mock/accounts/key-1?provider=prompttovideo")).json()["accounts"][0]
        assert (shown["credits"], shown["limits"]["calls_per_day"]) == (DEFAULT_CREDITS, 5)


async def test_a_job_from_before_a_switch_is_given_back_when_it_fails() -> None:
    plans = {"default": {"steps": [{"status": "queued", "for": "10s"}, {"status": "failed"}]}}
    async with Conversation(scenario("fails", {"credits": 50}, plans=plans)) as t:
        assert await generate(t) == 200
        await use(t, scenario("ten", {"credits": 10}))
        assert await credits_of(t) == 10
        await t.advance(11)
        assert await credits_of(t) == 13


async def test_an_account_that_the_next_scenario_refuses_comes_back_with_the_credits_of_the_one_after() -> None:
    async with Conversation(RICH) as t:
        assert await generate(t) == 200
        await use(t, scenario("closed", {"refused": True}))
        assert await generate(t) == 401
        await use(t, RICH)
        assert await credits_of(t) == 50


async def test_rules_begin_again_and_limits_go_on() -> None:
    rules = [{"name": "first fails", "operation": "videotoprompt.*", "nth": 1, "fault": {"kind": "server_error"}}]
    story = scenario("story", {"limits": {"requests_per_minute": 3}}, rules=rules)
    body = {"url": "https://a.test/clip.mp4"}
    async with Conversation(story) as t:
        assert [(await t.post(ANALYZE, body)).status_code for _ in range(2)] == [500, 202]
        await use(t, PLAIN)
        await use(t, story)
        assert [(await t.post(ANALYZE, body)).status_code for _ in range(2)] == [500, 429]


async def test_reset_gives_the_credits_of_the_scenario_again_and_keeps_the_rest() -> None:
    async with Conversation(scenario("ten", {"credits": 10, "limits": {"calls_per_day": 6}})) as t:
        assert [await generate(t) for _ in range(4)] == [200, 200, 200, 402]
        assert (await t.post("/_mock/reset", {"what": "credits"})).status_code == 204
        assert await credits_of(t) == 10
        assert await generate(t) == 200
        # The calls of the day are still counted.
        assert await generate(t) == 429
        assert len((await t.get("/_mock/jobs")).json()["jobs"]) == 4
