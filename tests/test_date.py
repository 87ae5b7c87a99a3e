"""The header Date is that of the sandbox's clock, as all other times in a reply of a provider."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from mockserver.clock import wall_ms
from tests.conversation import Conversation
from tests.live import live
from tests.raw import exchange, request

ANALYZE = "/videotoprompt/v1/analyze/url"
VIDEO = {"url": "https://a.test/clip.mp4"}
# A manual clock starts here.
NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
KEY = {"Authorization": "Bearer key-1"}


def date_of(reply: Any) -> datetime:
    return parsedate_to_datetime(reply.headers["date"])


async def test_a_client_that_waits_from_date_to_reset_waits_for_the_rest_of_the_minute() -> None:
    async with Conversation({"accounts": [{"key": "*", "limits": {"requests_per_minute": 1}}]}) as t:
        await t.advance(10)
        first = await t.post(ANALYZE, VIDEO)
        assert date_of(first).isoformat() == first.json()["created_at"].replace("Z", "+00:00")
        throttled = await t.post(ANALYZE, VIDEO)
        assert throttled.status_code == 429
        assert int(throttled.headers["x-ratelimit-reset"]) - date_of(throttled).timestamp() == 50
        await t.advance(50)
        assert (await t.post(ANALYZE, VIDEO)).status_code == 202


async def test_a_reply_that_took_time_has_the_date_of_its_end() -> None:
    rule = {"name": "slow", "operation": "videotoprompt.*", "fault": {"kind": "latency", "for": "30s"}}
    async with Conversation({"rules": [rule], "clock": {"mode": "auto", "start": "2025-06-01T12:00:00Z"}}) as t:
        assert (date_of(await t.post(ANALYZE, VIDEO)) - NOON).total_seconds() == 30


@pytest.mark.parametrize(
    "path", [ANALYZE, "/videotoprompt/v1/none", "/nanophoto/none", "/dumplingai/api/v1/extract-video"]
)
def test_over_a_socket_there_is_one_date_and_the_control_api_has_that_of_the_machine(path: str) -> None:
    with live({"extends": "default"}) as server:
        reply = exchange(server.address, request("GET", path, b"", "Connection: close"))
        assert reply.data.lower().count(b"\r\ndate: ") == 1
        assert parsedate_to_datetime(reply.head["date"]) == NOON
        for own in ("/_mock/health", "/_mock/journal", "/nowhere/at/all"):
            dates = server.client.get(own).headers.get_list("date")
            assert len(dates) == 1
            assert abs(parsedate_to_datetime(dates[0]).timestamp() - wall_ms() / 1000) < 5


def test_a_request_that_is_refused_before_it_is_complete_has_the_date_of_its_sandbox() -> None:
    with live({"extends": "default"}) as server:
        for data, expected in ((request("BREW", ANALYZE), True), (b"nonsense\r\n\r\n", False)):
            reply = exchange(server.address, data)
            assert reply.data.lower().count(b"\r\ndate: ") == 1
            assert (parsedate_to_datetime(reply.head["date"]) == NOON) is expected


def test_sandboxes_have_dates_of_their_own() -> None:
    with live({"extends": "default"}) as server:
        clock = {"mode": "manual", "start": "2030-01-01T00:00:00Z"}
        server.client.post("/_mock/sandboxes", json={"name": "later", "clock": clock})
        server.advance("1h")
        dates = [date_of(server.client.get(f"{prefix}{ANALYZE}", headers=KEY)) for prefix in ("", "/~later")]
        assert dates == [datetime(2025, 6, 1, 13, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)]
