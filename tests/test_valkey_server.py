"""The Valkey server that tests use."""

import pytest
import redis

from tests.valkey_server import ValkeyServer, database


def connected(url: str) -> "redis.Redis":
    return redis.Redis.from_url(url.replace("valkey://", "redis://"))


@pytest.mark.parametrize("test", ["first", "second"])
def test_a_test_gets_an_empty_database(valkey: str, test: str) -> None:
    with connected(valkey) as client:
        assert client.dbsize() == 0
        client.set("left behind by", test)
        assert client.dbsize() == 1


def test_a_restarted_server_has_the_same_address_and_no_data() -> None:
    with ValkeyServer() as server:
        address = server.url
        with connected(address) as client:
            client.set("key", "value")
        server.stop()
        with connected(address) as client, pytest.raises(redis.ConnectionError):
            client.ping()
        server.start()
        assert server.url == address
        with connected(address) as client:
            assert client.get("key") is None


@pytest.mark.parametrize(
    ("url", "worker", "expected"),
    [
        ("valkey://cache:6379", "", "valkey://cache:6379/0"),
        ("valkey://cache:6379/3", "", "valkey://cache:6379/3"),
        ("valkey://cache:6379/3", "gw2", "valkey://cache:6379/5"),
    ],
)
def test_each_worker_of_a_run_has_a_database_of_its_own(url: str, worker: str, expected: str) -> None:
    assert database(url, worker) == expected
