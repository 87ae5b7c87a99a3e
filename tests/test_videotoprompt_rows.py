"""On whose word VideoToPrompt's replies stand: told by a header, and by the journal."""

import httpx2

from mockserver.settings import Settings
from tests.conversation import Conversation
from tests.videotoprompt_client import ASK, AUTHORIZE, BACK, ROOT, TOKEN

SUBMIT = f"{ROOT}/url"
URL = {"url": "https://example.com/a.mp4", "platform": "midjourney"}
HOOK = {"url": "http://127.0.0.1:9000/hook", "secret": "whsec_1"}
NAMED = Settings(rule_header=True)


def rows(reply: httpx2.Response) -> dict[str, str]:
    """The rows that a reply's header names, with their class."""
    named = dict(each.split(";class=") for each in reply.headers["x-mock-rule"].split(", "))
    return {row.removeprefix("videotoprompt."): basis for row, basis in named.items()}


async def test_replies_name_what_they_rest_on() -> None:
    async with Conversation(None, NAMED) as c:
        made = await c.post(SUBMIT, URL)
        assert rows(made) == {
            "operation.analyze_url": "documented",
            "rule.api_key": "documented",
            "rule.url_fields": "documented",
            "rule.submit_id": "documented",
            "rule.submit_reply": "assumed",
            "state.pending": "documented",
        }
        await c.advance(60)
        read = {"operation.get_analysis": "documented", "rule.api_key": "documented"}
        assert rows(await c.get(f"{ROOT}/{made.json()['id']}")) == {
            **read,
            "rule.result": "documented",
            "rule.parameters_midjourney": "documented",
            "rule.no_negative": "assumed",
            "state.completed": "documented",
        }
        lost = await c.get(f"{ROOT}/ana_unknown")
        assert rows(lost) == {**read, "error.not_found": "documented", "rule.error_envelope": "assumed"}


async def test_a_refusal_does_not_rest_on_what_it_was_refused() -> None:
    async with Conversation({"accounts": [{"key": "*", "plan": "pro", "limits": {"analyses_per_day": 1}}]}, NAMED) as c:
        assert "rule.submit_reply" in rows(await c.post(SUBMIT, URL))
        assert rows(await c.post(SUBMIT, URL)).keys() == {
            "operation.analyze_url",
            "rule.api_key",
            "rule.url_fields",
            "error.rate_limit_exceeded",
            "rule.error_envelope",
            "limit.analyses_per_day",
            "rule.over_day",
        }


async def test_grants_name_what_they_rest_on() -> None:
    async with Conversation(None, NAMED) as c:
        sent_back = await c.get(AUTHORIZE, params={**ASK, "code_challenge": "v" * 43})
        assert list(rows(sent_back)) == [
            "operation.oauth_authorize",
            "rule.oauth_auto_approve",
            "rule.oauth_state",
            "rule.oauth_codes",
            "rule.oauth_all_scopes",
            "rule.oauth_pkce",
        ]
        code = sent_back.headers["location"].partition("code=")[2].partition("&")[0]
        fields = {"grant_type": "authorization_code", "client_id": "app-1", "code": code, "redirect_uri": BACK}
        granted = await c.client.post(TOKEN, data={**fields, "code_verifier": "v" * 43})
        used = ["operation.oauth_token", "rule.oauth_codes", "rule.oauth_pkce", "rule.oauth_access_tokens"]
        assert list(rows(granted)) == used
        again = await c.client.post(TOKEN, data=fields)
        assert list(rows(again)) == ["operation.oauth_token", "rule.oauth_codes", "error.invalid_grant"]
        fields = {"grant_type": "refresh_token", "client_id": "app-1", "scope": "analyze:read"}
        narrowed = await c.client.post(TOKEN, data={**fields, "refresh_token": granted.json()["refresh_token"]})
        used = ["operation.oauth_token", "rule.oauth_rotation", "rule.oauth_narrower", "rule.oauth_access_tokens"]
        assert list(rows(narrowed)) == used


async def test_the_journal_tells_of_states_and_webhooks_too() -> None:
    async with Conversation({"extends": "default", "accounts": [{"key": "*", "plan": "pro", "webhook": HOOK}]}) as c:
        await c.post(SUBMIT, URL)
        await c.advance(60)
        entries = (await c.get("/_mock/journal")).json()["entries"]
        told = [(e["kind"], row["rule"], row["class"]) for e in entries for row in e.get("rests_on") or ()]
        for status in ("processing", "completed"):
            assert ("transition", f"videotoprompt.state.{status}", "documented") in told
        assert ("delivery", "videotoprompt.event.analysis.completed", "documented") in told
        assert ("request", "videotoprompt.rule.submit_reply", "assumed") in told
