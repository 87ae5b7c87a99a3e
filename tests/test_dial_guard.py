"""The address that is dialled is an address that was judged, whatever a name resolves to a moment later."""

import asyncio
from collections.abc import Iterable
from ipaddress import ip_address

import httpcore2
import pytest

from mockserver.outgoing.call import CallResult, OutgoingCall
from mockserver.outgoing.destination import Address
from mockserver.outgoing.dial import Dialer, resolve
from mockserver.outgoing.egress import EgressPolicy


class Neighbourhood:
    """A resolver that gives its answers in turn, and a network that notes what is dialled and replies by rote."""

    def __init__(self, *answers: list[str], reply: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.dialled: list[tuple[str, int]] = []
        self.reply = reply

    async def resolve(self, name: str, port: int) -> Iterable[str]:
        self.asked.append(name)
        return self.answers.pop(0)

    async def connect(self, address: str, port: int) -> httpcore2.AsyncNetworkStream:
        self.dialled.append((address, port))
        return httpcore2.AsyncMockStream([self.reply])

    def call(self, *urls: str, policy: EgressPolicy | None = None) -> list[CallResult]:
        async def talk() -> list[CallResult]:
            policed = policy or EgressPolicy()
            dialer = Dialer(policed, timer=lambda: 0.0, resolver=self.resolve, connect=self.connect)
            results = [await dialer.send(OutgoingCall("POST", url, body=b"{}", timeout=5)) for url in urls]
            await dialer.aclose()
            return results

        return asyncio.run(talk())


def test_the_address_dialled_is_the_address_checked() -> None:
    town = Neighbourhood(["10.0.0.5"], ["169.254.169.254"], ["8.8.8.8"])

    first, second, third = town.call(*["http://rebind.example:3000/"] * 3)

    assert first.kind == "response"
    assert first.address == "10.0.0.5"
    assert second.kind == third.kind == "refused"
    assert "metadata" in (second.error or "")
    assert town.dialled == [("10.0.0.5", 3000)]
    assert len(town.asked) == 3  # once a call: there is no second answer between the check and the dial


def test_an_open_connection_is_not_used_for_a_name_that_moved() -> None:
    town = Neighbourhood(["10.0.0.5"], ["10.0.0.6"])

    assert [r.address for r in town.call(*["http://moved.example/"] * 2)] == ["10.0.0.5", "10.0.0.6"]
    assert town.dialled == [("10.0.0.5", 80), ("10.0.0.6", 80)]


@pytest.mark.parametrize(
    "answer",
    [["10.0.0.5", "8.8.8.8"], ["8.8.8.8", "10.0.0.5"], ["127.0.0.1", "fe80::1%eth0"], ["::1", "0.0.0.0"], ["::"]],
)
def test_a_name_with_one_address_that_is_refused_is_refused(answer: list[str]) -> None:
    town = Neighbourhood(answer)

    (result,) = town.call("https://mixed.example/")

    assert (result.kind, result.address, town.dialled) == ("refused", None, [])


def test_consent_lets_public_names_out_and_nothing_else() -> None:
    town = Neighbourhood(["8.8.8.8", "10.0.0.5"], ["8.8.8.8", "169.254.169.254"])

    out, kept = town.call("http://a.example/", "http://b.example/", policy=EgressPolicy(allow_public=True))

    assert (out.kind, kept.kind) == ("response", "refused")
    assert town.dialled == [("8.8.8.8", 80)]


def test_the_own_port_is_refused_behind_a_name_too() -> None:
    town = Neighbourhood(["127.0.0.1"], ["192.168.7.7"], ["192.168.7.8"])
    own = EgressPolicy(own_ports=frozenset({8080}), is_own=lambda address: str(address) == "192.168.7.7")

    kinds = [r.kind for r in town.call(*["http://me.example:8080/"] * 3, policy=own)]

    assert kinds == ["refused", "refused", "response"]
    assert town.dialled == [("192.168.7.8", 8080)]


def test_a_redirect_is_a_reply_and_is_not_followed() -> None:
    away = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
    town = Neighbourhood(reply=away)

    (result,) = town.call("http://127.0.0.1:3000/")

    assert (result.kind, result.status) == ("response", 307)
    assert ("Location", "http://169.254.169.254/") in result.headers
    assert town.dialled == [("127.0.0.1", 3000)]


def test_localhost_is_loopback_whatever_the_system_says() -> None:
    async def addresses(name: str) -> list[Address]:
        return [ip_address(text) for text in await resolve(name, 80)]

    for name in ("localhost", "localhost.", "app.localhost"):
        assert all(address.is_loopback for address in asyncio.run(addresses(name)))


def test_other_names_are_asked_of_the_system() -> None:
    assert list(asyncio.run(resolve("127.0.0.1", 80))) == ["127.0.0.1"]  # in digits, so that nothing is sent
