"""The guard over outgoing calls: which addresses may be dialled.

What counts is the address and not the name: `EgressPolicy.check` is asked about every address that a name resolves to,
and the dialler connects to an address that was asked about.
"""

import socket
from collections.abc import Callable, Container, Iterator
from enum import IntEnum
from ipaddress import IPv4Address, ip_network
from typing import NamedTuple

from mockserver.outgoing.destination import Address, Destination, EgressRefused, read_url


class Reach(IntEnum):
    """How far away an address is; of two answers about one address the greater counts."""

    NEAR = 0  # loopback and private networks: always allowed
    FAR = 1  # somebody else's network: allowed by --allow-public-webhooks
    NEVER = 2  # holds credentials, is no one machine, or is no address to dial


class _Block(NamedTuple):
    low: int
    high: int
    reach: Reach
    why: str


def _blocks(*rows: tuple[str, Reach, str]) -> tuple[_Block, ...]:
    networks = [(ip_network(cidr), reach, why) for cidr, reach, why in rows]
    return tuple(_Block(int(n.network_address), int(n.broadcast_address), reach, why) for n, reach, why in networks)


_METADATA = "a cloud's metadata service, which hands out credentials"

# IANA's registries of special-purpose addresses (RFC 6890), and where clouds keep metadata. The first match wins.
_IPV4 = _blocks(
    ("127.0.0.0/8", Reach.NEAR, "loopback"),
    ("10.0.0.0/8", Reach.NEAR, "private (RFC 1918)"),
    ("172.16.0.0/12", Reach.NEAR, "private (RFC 1918)"),
    ("192.168.0.0/16", Reach.NEAR, "private (RFC 1918)"),
    ("169.254.169.254/32", Reach.NEVER, _METADATA),
    ("169.254.170.0/24", Reach.NEVER, _METADATA),  # AWS: ECS .2, EKS .23
    ("100.100.100.200/32", Reach.NEVER, _METADATA),  # Alibaba
    ("168.63.129.16/32", Reach.NEVER, _METADATA),  # Azure: a public address, but one that answers as the host
    ("192.0.0.192/32", Reach.NEVER, _METADATA),  # Oracle
    ("169.254.0.0/16", Reach.NEVER, "link-local (RFC 3927)"),
    # OrbStack's host.docker.internal, inside a block that is otherwise never dialled.
    ("0.250.250.254/32", Reach.NEAR, "the host of an OrbStack container"),
    ("0.0.0.0/8", Reach.NEVER, "unspecified (RFC 1122 section 3.2.1.3), which reaches this very machine"),
    # Not RFC 1918: a carrier's or an overlay's network (Tailscale), in which other people's machines are.
    ("100.64.0.0/10", Reach.FAR, "shared with a carrier or an overlay network (RFC 6598)"),
    # Meant for test benches, used by proxies as stand-ins for any public host.
    ("198.18.0.0/15", Reach.FAR, "for benchmarks (RFC 2544), and a proxy's stand-in for public hosts"),
    ("192.0.0.0/24", Reach.NEVER, "reserved for protocols (RFC 6890)"),
    ("192.0.2.0/24", Reach.NEVER, "reserved for documentation (RFC 5737)"),
    ("198.51.100.0/24", Reach.NEVER, "reserved for documentation (RFC 5737)"),
    ("203.0.113.0/24", Reach.NEVER, "reserved for documentation (RFC 5737)"),
    ("192.88.99.0/24", Reach.NEVER, "reserved: the 6to4 relays of old (RFC 7526)"),
    ("224.0.0.0/4", Reach.NEVER, "multicast (RFC 5771)"),
    ("255.255.255.255/32", Reach.NEVER, "broadcast (RFC 919)"),
    ("240.0.0.0/4", Reach.NEVER, "reserved (RFC 1112 section 4)"),
    ("0.0.0.0/0", Reach.FAR, "public"),
)
_IPV6 = _blocks(
    ("::1/128", Reach.NEAR, "loopback"),
    ("::/128", Reach.NEVER, "unspecified (RFC 4291 section 2.5.2), which reaches this very machine"),
    ("::ffff:0:0/96", Reach.NEAR, "IPv4-mapped (RFC 4291 section 2.5.5.2)"),
    ("::/96", Reach.NEVER, "IPv4-compatible, which nothing uses (RFC 4291 section 2.5.5.1)"),
    ("64:ff9b::/96", Reach.FAR, "behind NAT64 (RFC 6052)"),
    ("64:ff9b:1::/48", Reach.FAR, "behind NAT64 (RFC 8215)"),
    ("fd00:ec2::/32", Reach.NEVER, _METADATA),  # AWS: IMDS, EKS, DNS and time
    ("fd20:ce::254/128", Reach.NEVER, _METADATA),  # Google
    ("fd00:c1::a9fe:a9fe/128", Reach.NEVER, _METADATA),  # Oracle
    ("fd00:42::42/128", Reach.NEVER, _METADATA),  # Scaleway
    ("fd00:a9fe:a9fe::1/128", Reach.NEVER, _METADATA),  # Akamai
    ("fd00:100::100:200/128", Reach.NEVER, _METADATA),  # Alibaba
    ("fc00::/7", Reach.NEAR, "private (RFC 4193)"),
    ("fe80::/10", Reach.NEVER, "link-local (RFC 4291 section 2.5.6)"),
    ("ff00::/8", Reach.NEVER, "multicast (RFC 4291 section 2.7)"),
    ("2001::/32", Reach.FAR, "behind Teredo (RFC 4380)"),
    ("2001::/23", Reach.NEVER, "reserved for protocols (RFC 2928)"),
    ("2001:db8::/32", Reach.NEVER, "reserved for documentation (RFC 3849)"),
    ("3fff::/20", Reach.NEVER, "reserved for documentation (RFC 9637)"),
    ("2002::/16", Reach.FAR, "behind 6to4 (RFC 3056)"),
    ("2000::/3", Reach.FAR, "public"),
    ("::/0", Reach.NEVER, "reserved (RFC 4291 section 2.4)"),
)


class Judgement(NamedTuple):
    """What an address is: its reach, and the why in words that follow "is"."""

    reach: Reach
    why: str


def judge(address: Address) -> Judgement:
    """The reach of an address is the greatest of its own and that of every IPv4 address inside it."""
    return max((_look_up(face) for face in _faces(address)), key=lambda judgement: judgement.reach)


def _look_up(address: Address) -> Judgement:
    number = int(address)  # without a zone: fd00:ec2::254%eth0 is the same machine
    block = next(b for b in (_IPV4 if address.version == 4 else _IPV6) if b.low <= number <= b.high)
    return Judgement(block.reach, block.why)


def _faces(address: Address) -> Iterator[Address]:
    yield address
    if address.version == 6:
        yield from map(IPv4Address, _embedded(int(address)))


def _embedded(number: int) -> tuple[int, ...]:
    low, ones = number & 0xFFFFFFFF, 0xFFFFFFFF
    if number >> 32 in (0xFFFF, 0x0064FF9B << 64):  # IPv4-mapped, NAT64
        return (low,)
    if number >> 80 == 0x0064FF9B0001:
        return _local_nat64(number)
    if number >> 112 == 0x2002:
        return (number >> 80 & ones,)
    if number >> 96 == 0x20010000:  # Teredo: the server, and the client with its bits turned (RFC 4380 section 4)
        return number >> 64 & ones, low ^ ones
    return ()


def _local_nat64(number: int) -> tuple[int, ...]:
    # The operator chooses the length of the prefix, so every layout of RFC 6052 section 2.2 is read. Bits 64 to 71 are
    # left out of all of them. A reading in 0.0.0.0/8 is the padding of another layout, unless there is no other.
    squeezed = number >> 64 << 56 | number & (1 << 56) - 1
    readings = tuple(squeezed >> shift & 0xFFFFFFFF for shift in (40, 32, 24, 0))
    return tuple(reading for reading in readings if reading >> 24) or readings


def on_this_machine(address: Address) -> bool:
    """Whether an interface of this machine has the address: only then can a socket be bound to it. Sends nothing."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True


class EgressPolicy(NamedTuple):
    """What this server may call (DESIGN section 8): near addresses always, far ones by consent, itself never.

    `own_ports` are the ports that this server listens on; they are refused on loopback and on every address for which
    `is_own` is true. A server behind a published port of a container cannot recognise itself by the host's address.
    """

    allow_public: bool = False
    own_ports: Container[int] = frozenset()
    is_own: Callable[[Address], bool] = on_this_machine

    def check(self, address: Address, port: int) -> None:
        """Nothing happens if the address and port may be dialled; raises EgressRefused if not."""
        reach, why = judge(address)
        if reach is Reach.NEVER:
            raise EgressRefused(f"{address} is {why}: never called")
        if reach is Reach.FAR and not self.allow_public:
            raise EgressRefused(f"{address} is {why}: called only with --allow-public-webhooks")
        if port in self.own_ports and any(face.is_loopback or self.is_own(face) for face in _faces(address)):
            raise EgressRefused(f"{address} port {port} is this sandbox server itself: never called")

    def check_url(self, url: str) -> Destination:
        """The destination of a URL whose spelling, and address if it names one, are allowed; raises EgressRefused.

        A name is not resolved: every address that it resolves to is still to be checked.
        """
        destination = read_url(url)
        if destination.address is not None:
            self.check(destination.address, destination.port)
        return destination
