"""Every regular expression of the package takes time in proportion to the text, so that no text can stop the server."""

import pkgutil
import re
import time
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from typing import Any

import pytest

import mockserver
from tests.conversation import Conversation

# Not imported: they run when they are.
SCRIPTS = ("mockserver.__main__", "mockserver.scenario.write_default", "mockserver.providers.write_summaries")
# Only matched from the start of a text.
MATCHED = (
    "content.extraction.fields._BULLETED",
    "content.extraction.fields._EACH",
    "content.hints._URL",
    "core.check._CODE",
    "intercept.choice._AUTHORITY",
    "serving.invalid._FIELD",
    "wire.ranges._RANGE",
)
# Only applied to texts whose length is checked before: durations have at most 100 characters.
SHORT = ("core.durations._PLUS_MINUS",)

UNITS = (
    " ", "0", "1", "a", "A", "ab1", ".", "-", "/", "\\", '"', "$", "{", "${", "a.", "a ", "\n", "\t", ",", "a,", "(",
    ":", "=", "%", "%2", "a=", "&", " ;", "http://", "\r\n", "#", "*", "_", "@", "?", "[", "<",
)  # fmt: skip
STARTS = ("", "a", '"', "1")
SIZE = 5_000
SECONDS = 0.05


def patterns() -> Iterator[tuple[str, re.Pattern[Any]]]:
    for found in pkgutil.walk_packages(mockserver.__path__, "mockserver."):
        if found.name in SCRIPTS:
            continue
        for name, value in vars(import_module(found.name)).items():
            values = value.values() if isinstance(value, dict) else [value]
            for each in values:
                if isinstance(each, re.Pattern):
                    yield f"{found.name.removeprefix('mockserver.')}.{name}", each


PATTERNS = {(pattern.pattern, pattern.flags): (name, pattern) for name, pattern in patterns()}


def seconds(method: Any) -> float:
    began = time.process_time()
    method()
    return time.process_time() - began


@pytest.mark.parametrize(("name", "pattern"), PATTERNS.values(), ids=[name for name, _ in PATTERNS.values()])
def test_a_pattern_takes_linear_time(name: str, pattern: re.Pattern[Any]) -> None:
    if name in SHORT:
        return
    methods = [pattern.match, pattern.fullmatch] + ([] if name in MATCHED else [pattern.findall])
    for unit in UNITS:
        for start in STARTS:
            text: Any = start + unit * (SIZE // len(unit)) + "\x01"
            text = text.encode() if isinstance(pattern.pattern, bytes) else text
            for method in methods:
                # The time of one call can contain a pause of the machine.
                assert any(seconds(partial(method, text)) < SECONDS for _ in range(3)), (name, method, unit, start)


async def test_a_number_with_many_zeros_is_read_at_once() -> None:
    async with Conversation() as c:
        began = time.process_time()
        reply = await c.get("/prompttovideo/api/v1/videos?page=" + "0" * 20_000 + "x")
        assert reply.status_code < 500
        assert time.process_time() - began < 0.5


@pytest.mark.parametrize("duration", ["1s" + " " * 20_000 + "1s", "1s" * 20_000, "1s " + "±" * 20_000, " " * 20_000])
async def test_a_very_long_duration_is_refused_at_once(duration: str) -> None:
    async with Conversation() as c:
        plan = {"steps": [{"status": "queued", "for": duration}, {"status": "succeeded"}]}
        began = time.process_time()
        for method, path, body in (
            (
                "PUT",
                "/_mock/scenario",
                {"scenario": "long", "plans": {"p": plan}},
            ),
            ("POST", "/_mock/clock", {"advance": duration}),
        ):
            refused = await c.client.request(method, path, json=body)
            assert refused.status_code == 422
            assert "a duration has at most 100 characters" in refused.text
        assert time.process_time() - began < 1
