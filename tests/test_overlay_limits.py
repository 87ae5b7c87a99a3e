"""The size of replies and streams whose placeholders are replaced by values of the request."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from mockserver.core.fill import MAX_FILLED, MAX_PLACEHOLDERS, Limited, fill
from tests.conversation import Conversation

URL = "https://example.com/a.mp4"


def rule(**keys: Any) -> dict[str, Any]:
    return {"extends": "default", "rules": [{"name": "laid over", "operation": "*", **keys}]}


@pytest.mark.parametrize(
    "reply",
    [
        {"all": "${request.body.more}" * MAX_PLACEHOLDERS},
        {"all": ["${request.body.more}"] * MAX_PLACEHOLDERS},
        {"all": {str(n): {"x": ["<${request.body.more}>"]} for n in range(MAX_PLACEHOLDERS)}},
    ],
    ids=["a text", "a list", "mappings"],
)
@pytest.mark.parametrize("more", ["x" * 50_000, "\0" * 50_000, ["x" * 5_000] * 10], ids=["text", "escapes", "a list"])
async def test_a_reply_grows_by_a_megabyte_at_most_and_the_journal_says_that_it_was_cut(reply: Any, more: Any) -> None:
    async with Conversation() as c:
        assert (await c.client.put("/_mock/scenario", json={"scenario": "big", **rule(reply=reply)})).status_code == 200
        answer = await c.client.post("/v1/analyze/url", json={"url": URL, "more": more})
        assert answer.status_code == 202
        # A text inside a text is escaped once more.
        assert len(answer.content) < 1.2 * MAX_FILLED
        entry = (await c.get("/_mock/journal?limit=1")).json()["entries"][0]
        assert entry["note"] == "the values of the rule's placeholders were cut: together they can have 1000000 bytes"


async def test_a_stream_grows_by_a_megabyte_at_most_and_the_journal_says_that_it_was_cut() -> None:
    pace = {"first": "0s", "every": "0s", "unit": "line"}
    stream = {"text": "${request.body.more}\n" * MAX_PLACEHOLDERS, "pace": pace}
    async with Conversation({**rule(stream=stream), "clock": {"mode": "auto"}}) as c:
        body = {"videoSource": "url", "videoUrl": URL, "more": "x" * 50_000}
        answer = await c.client.post("/nanophoto/api/sora-2/reverse-prompt", json=body)
        assert 900_000 < len(answer.content) < 1.2 * MAX_FILLED
        entry = (await c.get("/_mock/journal?limit=1")).json()["entries"][0]
        assert "the values of the rule's placeholders were cut" in entry["note"]


async def test_a_rule_has_a_limited_number_of_placeholders() -> None:
    async with Conversation() as c:
        for keys in (
            {"reply": {"x": "${now}" * 251}},
            {"reply": {"x": ["${fake.paragraph}"] * 251}},
            {"stream": {"text": "${now}" * 251}},
            {"reply": {"x": "${now}"}, "stream": {"text": "${now}" * 250}},
        ):
            refused = await c.client.put("/_mock/scenario", json={"scenario": "big", **rule(**keys)})
            assert refused.json()["errors"] == [
                "upload: rules.0: this rule has 251 placeholders, and can have 250 at most"
            ]


VALUES = st.dictionaries(
    st.sampled_from("abc"),
    st.recursive(st.none() | st.integers(0, 99) | st.text(max_size=30), lambda inner: st.lists(inner, max_size=4)),
    min_size=3,
)


@given(VALUES, st.lists(st.sampled_from(["${a}", "${b}", "-${c}", "${a}${b}"]), max_size=30), st.integers(0, 120))
def test_all_values_together_have_no_more_than_the_limit(values: dict[str, Any], holes: list[str], most: int) -> None:
    limited = Limited(values.get, most)
    filled = to_json(fill(holes, limited))
    empty = to_json(fill(holes, lambda name: ""))
    # A value that is not a text is written as JSON inside one, where its quotes are escaped.
    assert len(filled) <= len(empty) + 2 * most + 4 * len(holes)
    assert limited.cut or fill(holes, limited) is not None


def test_a_value_is_cut_where_there_is_no_more_room() -> None:
    limited = Limited({"a": "x" * 60, "b": [1, 2], "c": None}.get, 100)
    assert fill(["${c}", "${a}", "${a}", "${a}", "${b}"], limited) == [None, "x" * 60, "x" * 40, None, None]
    assert limited.cut
