"""Additive change: unknown fields, open values, other orders of keys. What is documented does not change.

`Conversation` checks every reply and webhook, without its unknown fields, against the OpenAPI document.
"""

import json
from typing import Any

import pytest

from mockserver.core.seeded import Seeded
from mockserver.core.signing import hmac_sha256
from mockserver.kit.additive import NEW_VALUE, PREFIX, extended
from mockserver.settings import Settings
from mockserver.source.document import SourceErrors
from tests.contract import without_additions
from tests.conversation import Conversation

ON = Settings(additive=True)
DEFAULT: dict[str, Any] = {"extends": "default"}
WEBHOOK = {"key": "*", "plan": "pro", "webhook": {"url": "http://127.0.0.1:9000/hook", "secret": "s"}}
URL = {"url": "https://example.com/alpine-hike.mp4"}


def known(data: Any) -> Any:
    return json.loads(without_additions(json.dumps(data).encode()))


def objects(data: Any) -> list[dict[str, Any]]:
    if isinstance(data, list):
        return [each for item in data for each in objects(item)]
    if not isinstance(data, dict):
        return []
    return [data, *objects([value for name, value in data.items() if not name.startswith(PREFIX)])]


async def analysis(scenario: dict[str, Any], settings: Settings) -> list[Any]:
    async with Conversation(scenario, settings) as t:
        submitted = (await t.post("/videotoprompt/v1/analyze/url", URL)).json()
        await t.advance(60)
        ended = (await t.get(f"/videotoprompt/v1/analyze/{submitted['id']}")).json()
        refused = (await t.get("/videotoprompt/v1/analyze/ana_unknown")).json()
        return [submitted, ended, refused, *(json.loads(call.body) for call in t.receivers.calls)]


async def test_documented_fields_stay_and_every_object_gains_fields() -> None:
    scenario = {**DEFAULT, "accounts": [WEBHOOK]}
    plain, changed = await analysis(scenario, Settings()), await analysis(scenario, ON)
    assert len(plain) == len(changed) == 4  # with the webhook
    assert plain[0] == known(changed[0])
    assert plain[2] == known(changed[2])
    for before, after in zip(plain, changed, strict=True):
        assert all(sum(name.startswith(PREFIX) for name in each) == 2 for each in objects(after))
        assert not any(name.startswith(PREFIX) for each in objects(before) for name in each)
    prompts = [(each[1]["prompt"], each[3]["data"]["prompt"]) for each in (plain, changed)]
    for before, after in zip(*prompts, strict=True):
        style = before["style_analysis"]
        expected = {**style, "lighting": NEW_VALUE, "mood": NEW_VALUE, "camera": NEW_VALUE}
        assert known(after) == {**before, "style_analysis": expected}


async def test_the_order_of_keys_is_another_and_always_the_same() -> None:
    first, second = await analysis(DEFAULT, ON), await analysis(DEFAULT, ON)
    assert json.dumps(first) == json.dumps(second)
    plain = await analysis(DEFAULT, Settings())
    assert list(known(first[1])) != list(plain[1])
    other_seed = await analysis({**DEFAULT, "seed": 9}, ON)
    assert [list(each) for each in first] != [list(each) for each in other_seed]


async def test_optional_numbers_grow_and_required_numbers_do_not() -> None:
    async with Conversation(DEFAULT, ON) as t:
        video = (await t.post("/prompttovideo/api/v1/generate", {"prompt": "a hike"})).json()
        await t.advance(600)
        path = f"/prompttovideo/api/v1/video/{video['video_id']}/status"
        ended = (await t.get(path)).json()
        again = (await t.get(path)).json()
    assert ended["video_id"] == video["video_id"]
    assert ended["duration"] > 65_536
    assert ended == again


async def test_numbers_of_new_fields_are_larger_than_32_bits() -> None:
    numbers = [
        value
        for seed in range(20)
        for name, value in extended({"a": 1}, None, Seeded(seed)).items()
        if name.startswith(PREFIX) and isinstance(value, int) and not isinstance(value, bool)
    ]
    assert min(numbers) > 2**32
    assert max(numbers) > 2**53


CALLS: list[tuple[str, Any]] = [
    ("/descrideo/v1/video-descriptions", {}),
    ("/descrideo/v1/webhook-secret", None),
    ("/nanophoto/api/sora-2/reverse-prompt", {}),
    ("/nanophoto/api/unknown", {}),
    ("/dumplingai/api/v1/extract-video", {"inputMethod": "url", "videoUrl": URL["url"], "prompt": "a"}),
    ("/dumplingai/api/v1/extract-video", None),
    ("/prompttovideo/api/v1/account", None),
    ("/prompttovideo/api/v1/nowhere", None),
]


@pytest.mark.parametrize(("path", "body"), CALLS)
async def test_replies_of_all_providers_follow_their_documents_without_the_new_fields(path: str, body: Any) -> None:
    headers = {"Authorization": "Bearer nxt_key-1"}
    async with Conversation({**DEFAULT, "clock": {"mode": "auto"}}, ON) as t:
        reply = await (t.get(path, headers=headers) if body is None else t.post(path, body, headers=headers))
        (entry,) = (await t.get("/_mock/journal?kind=request&limit=1")).json()["entries"]
    if reply.headers["content-type"] == "application/json":
        assert any(name.startswith(PREFIX) for name in reply.json())
        assert entry["note"]


async def test_a_stream_and_the_control_api_do_not_change() -> None:
    async with Conversation(DEFAULT, ON) as t:
        assert PREFIX not in (await t.get("/_mock/clock")).text
        assert PREFIX not in (await t.get("/_mock/openapi/videotoprompt")).text


@pytest.mark.parametrize(
    ("providers", "server", "expected"),
    [
        ({"additive": True}, False, True),
        ({"additive": False}, True, False),
        ({"prompttovideo": {"additive": True}}, False, True),
        ({"prompttovideo": {"additive": False}, "additive": True}, False, False),
        ({"nanophoto": {"additive": True}}, False, False),
        ({}, False, False),
        ({}, True, True),
    ],
)
async def test_a_provider_counts_before_the_scenario_and_that_before_the_server(
    providers: dict[str, Any], server: bool, expected: bool
) -> None:
    async with Conversation({**DEFAULT, "providers": providers}, Settings(additive=server)) as t:
        reply = (await t.get("/prompttovideo/api/v1/account")).text
        assert (PREFIX in reply) is expected
        assert (await t.get("/_mock/scenario")).status_code == 200


@pytest.mark.parametrize(
    ("providers", "message"),
    [
        ({"additive": {"a": 1}}, "expected true or false"),
        ({"aditive": True}, "did you mean 'additive'"),
        ({"nanophoto": True}, "expected a mapping of options"),
        ({"nanophoto": {"aditive": True}}, "did you mean 'additive'"),
        ({"nanophoto": 5}, "must be a mapping or true or false"),
    ],
)
def test_mistakes_are_explained(providers: dict[str, Any], message: str) -> None:
    with pytest.raises(SourceErrors, match=message) as raised:
        Conversation({**DEFAULT, "providers": providers})
    assert "providers" in str(raised.value)


VIDEOS = {
    "/videotoprompt/v1/analyze/{job}": ("/videotoprompt/v1/analyze/url", {"url": "https://example.com/a.mp4"}, "id"),
    "/prompttovideo/api/v1/video/{job}/status": ("/prompttovideo/api/v1/generate", {"prompt": "sunset"}, "video_id"),
}
SPARED = {
    "videotoprompt": {"completed_at", "error"},
    "prompttovideo": {"duration", "thumbnail_url", "completed_at", "error"},
}


@pytest.mark.parametrize("path", VIDEOS)
async def test_a_sparse_reply_has_what_is_required_and_the_result(path: str) -> None:
    """A sweep does this. The conversation checks that replies still follow the document."""
    submit, body, name = VIDEOS[path]
    async with Conversation() as t:
        job = (await t.post(submit, body)).json()[name]
        await t.advance(60)
        whole = (await t.get(path.format(job=job))).json()
        t.sandbox.leave_out_optional_fields()
        sparse = (await t.get(path.format(job=job))).json()
        (entry, *_) = (await t.get("/_mock/journal")).json()["entries"]
    left_out = whole.keys() - sparse.keys()
    assert left_out
    assert left_out <= SPARED[path.split("/")[1]]
    assert sparse.items() <= whole.items()
    assert sparse.get("video_url") == whole.get("video_url")
    assert entry["note"] == "the reply has no optional fields that its client can do without"


async def test_a_sparse_webhook_is_signed_over_its_body() -> None:
    async with Conversation() as t:
        webhook = {"url": "http://127.0.0.1:9000/hook", "secret": "whsec_1"}
        await t.client.patch("/_mock/accounts/key-1?provider=videotoprompt", json={"webhook": webhook})
        t.sandbox.leave_out_optional_fields()
        await t.post("/videotoprompt/v1/analyze/url", {"url": "https://example.com/a.mp4"})
        await t.advance(60)
        (call,) = t.receivers.calls
    assert json.loads(call.body)["data"]["id"].startswith("ana_")
    assert dict(call.headers)["X-V2P-Signature"] == "sha256=" + hmac_sha256("whsec_1", call.body)
