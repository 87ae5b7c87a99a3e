"""A call goes only to an address that was checked, even if the name resolves to another address a moment later."""

from collections.abc import Iterable
from ipaddress import ip_address

import httpcore2
import pytest

from mockserver.outgoing.call import CallResult, OutgoingCall
from mockserver.outgoing.dial import Dialer, resolve
from mockserver.outgoing.egress import EgressPolicy


class FakeNetwork:
    """A resolver that returns its answers in turn, and a network that records connections and sends a fixed reply."""

    def __init__(self, *answers: list[str], reply: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") -> None:
        self.answers = list(answers)
        self.resolved: list[str] = []
        self.connections: list[tuple[str, int]] = []
        self.reply = reply

    async def resolve(self, name: str, port: int) -> Iterable[str]:
        self.resolved.append(name)
        return self.answers.pop(0)

    async def connect(self, address: str, port: int) -> httpcore2.AsyncNetworkStream:
        self.connections.append((address, port))
        return httpcore2.AsyncMockStream([self.reply])

    async def call(self, *urls: str, policy: EgressPolicy | None = None) -> list[CallResult]:
        dialer = Dialer(policy or EgressPolicy(), timer=lambda: 0.0, resolver=self.resolve, connect=self.connect)
        results = [await dialer.send(OutgoingCall("POST", url, body=b"{}", timeout=5)) for url in urls]
        await dialer.aclose()
        return results


async def test_the_address_that_is_called_is_the_one_that_was_checked() -> None:
    network = FakeNetwork(["10.0.0.5"], ["169.254.169.254"], ["8.8.8.8"])

    first, second, third = await network.call(*["http://rebind.example:3000/"] * 3)

    assert first.kind == "response"
    assert first.address == "10.0.0.5"
    assert second.kind == third.kind == "refused"
    assert "metadata" in (second.error or "")
    assert network.connections == [("10.0.0.5", 3000)]
    assert len(network.resolved) == 3  # once per call: the name is not resolved again between check and connection


async def test_an_open_connection_is_not_used_for_a_name_with_a_new_address() -> None:
    network = FakeNetwork(["10.0.0.5"], ["10.0.0.6"])

    assert [r.address for r in await network.call(*["http://moved.example/"] * 2)] == ["10.0.0.5", "10.0.0.6"]
    assert network.connections == [("10.0.0.5", 80), ("10.0.0.6", 80)]


@pytest.mark.parametrize(
    "answer",
    [["10.0.0.5", "8.8.8.8"], ["8.8.8.8", "10.0.0.5"], ["127.0.0.1", "fe80::1%eth0"], ["::1", "0.0.0.0"], ["::"]],
)
async def test_a_name_is_refused_if_one_of_its_addresses_is(answer: list[str]) -> None:
    network = FakeNetwork(answer)

    (result,) = await network.call("https://mixed.example/")

    assert (result.kind, result.address, network.connections) == ("refused", None, [])


async def test_allow_public_allows_public_addresses_only() -> None:
    network = FakeNetwork(["8.8.8.8", "10.0.0.5"], ["8.8.8.8", "169.254.169.254"])

    public, metadata = await network.call("http://a.example/", "http://b.example/", policy=EgressPolicy(True))

    assert (public.kind, metadata.kind) == ("response", "refused")
    assert network.connections == [("8.8.8.8", 80)]


async def test_the_own_port_is_refused_for_a_name_too() -> None:
    network = FakeNetwork(["127.0.0.1"], ["192.168.7.7"], ["192.168.7.8"])
    own = EgressPolicy(own_ports=frozenset({8080}), is_own=lambda address: str(address) == "192.168.7.7")

    kinds = [r.kind for r in await network.call(*["http://me.example:8080/"] * 3, policy=own)]

    assert kinds == ["refused", "refused", "response"]
    assert network.connections == [("192.168.7.8", 8080)]


async def test_a_redirect_is_a_reply_and_is_not_followed() -> None:
    redirect = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
    network = FakeNetwork(reply=redirect)

    (result,) = await network.call("http://127.0.0.1:3000/")

    assert (result.kind, result.status) == ("response", 307)
    assert ("Location", "http://169.254.169.254/") in result.headers
    assert network.connections == [("127.0.0.1", 3000)]


async def test_localhost_is_always_loopback() -> None:
    for name in ("localhost", "localhost.", "app.localhost"):
        addresses = [ip_address(text) for text in await resolve(name, 80)]
        assert addresses
        assert all(address.is_loopback for address in addresses)


async def test_the_system_resolves_other_names() -> None:
    assert list(await resolve("127.0.0.1", 80)) == ["127.0.0.1"]  # a numeric address, so that nothing is sent
