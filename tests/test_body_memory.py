"""The memory for request bodies is limited. A request that would exceed it gets its provider's 503."""

import json

import pytest

from mockserver.app import create_app
from mockserver.core.faults import Refusal
from mockserver.settings import Settings, SettingsError, load
from mockserver.wire.body import BodyMemory, read_body
from tests import raw
from tests.dumplingai_client import ASKED, PATH
from tests.live import live_server
from tests.pieces import Pieces, post

MIB = 1_048_576


async def test_bytes_are_taken_as_they_arrive_and_released_by_the_caller() -> None:
    memory, connection = BodyMemory(10), Pieces([b"0123", b"4567"])
    assert await read_body(post(), connection, 100, memory) == b"01234567"  # type: ignore[arg-type]
    assert memory.used == 8
    with pytest.raises(Refusal) as caught:
        await read_body(post(), Pieces([b"0", b"12"]), 100, memory)  # type: ignore[arg-type]
    assert (caught.value.kind, caught.value.retry_after) == ("overloaded", 1_000)
    assert memory.used == 8


@pytest.mark.parametrize(("limit", "complete"), [(5, True), (100, False)])
async def test_nothing_stays_taken_after_a_refusal_or_a_disconnection(limit: int, complete: bool) -> None:
    memory, connection = BodyMemory(100), Pieces([b"0123", b"4567"], complete=complete)
    with pytest.raises(Exception, match=r"too_large|"):
        await read_body(post(), connection, limit, memory)  # type: ignore[arg-type]
    assert memory.used == 0


def test_a_body_beyond_the_limit_gets_the_503_of_its_provider() -> None:
    app = create_app(Settings(body_memory=1), scenario={"scenario": "bodies", "accounts": [{"key": "*"}]})
    large = raw.request("POST", PATH, json.dumps({**ASKED, "prompt": "x" * 400_000}).encode(), "Connection: close")
    unfinished = raw.request("POST", PATH, b" " * MIB)[:-200_000]

    with live_server(app) as base:
        address = ("127.0.0.1", int(base.rpartition(":")[2]))

        def answered(status: int) -> raw.Received:
            """Send the large body until the reply has this status: the server may not have read the other one yet."""
            replies = (raw.exchange(address, large) for _ in range(100))
            return next(reply for reply in replies if reply.status == status)

        with raw.connected(address) as slow:
            slow.sendall(unfinished)
            refused = answered(503)
            assert refused.head["retry-after"] == "1"
            assert json.loads(refused.body) == {"error": "The service is temporarily unavailable"}
        answered(200)


def test_the_setting_must_be_positive() -> None:
    with pytest.raises(SettingsError, match="body_memory must be at least 1 MiB, not 0"):
        load({"body_memory": 0}, {})
