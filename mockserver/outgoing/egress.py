"""The egress policy: which addresses outgoing calls may go to.

The address counts, not the name: `EgressPolicy.check` is called for every address that a name resolves to, and the
dialer connects only to an address that was checked.
"""

import socket
from collections.abc import Callable, Container, Iterator
from enum import IntEnum
from ipaddress import IPv4Address, ip_network
from typing import NamedTuple

from mockserver.outgoing.destination import Address, Destination, EgressRefused, read_url


class Reach(IntEnum):
    """Whether calls to an address are allowed. If an address is in two classes, the greater value counts."""

    NEAR = 0  # loopback and private networks: always allowed
    FAR = 1  # other networks: allowed with --allow-public-webhooks
    NEVER = 2  # metadata services, groups of machines, and reserved addresses: never allowed


class _Block(NamedTuple):
    low: int
    high: int
    reach: Reach
    description: str


def _blocks(*rows: tuple[str, Reach, str]) -> tuple[_Block, ...]:
    networks = [(ip_network(cidr), reach, text) for cidr, reach, text in rows]
    return tuple(_Block(int(n.network_address), int(n.broadcast_address), reach, text) for n, reach, text in networks)


_METADATA = "a cloud's metadata service, which returns credentials"

# IANA's registries of special-purpose addresses (RFC 6890), and the metadata services of clouds. The first match wins.
_IPV4 = _blocks(
    ("127.0.0.0/8", Reach.NEAR, "loopback"),
    ("10.0.0.0/8", Reach.NEAR, "private (RFC 1918)"),
    ("172.16.0.0/12", Reach.NEAR, "private (RFC 1918)"),
    ("192.168.0.0/16", Reach.NEAR, "private (RFC 1918)"),
    ("169.254.169.254/32", Reach.NEVER, _METADATA),
    ("169.254.170.0/24", Reach.NEVER, _METADATA),  # AWS: ECS .2, EKS .23
    ("100.100.100.200/32", Reach.NEVER, _METADATA),  # Alibaba
    ("168.63.129.16/32", Reach.NEVER, _METADATA),  # Azure: a public address that the host itself answers
    ("192.0.0.192/32", Reach.NEVER, _METADATA),  # Oracle
    ("169.254.0.0/16", Reach.NEVER, "link-local (RFC 3927)"),
    # OrbStack's host.docker.internal, inside a block that is otherwise never allowed.
    ("0.250.250.254/32", Reach.NEAR, "the host of an OrbStack container"),
    ("0.0.0.0/8", Reach.NEVER, "unspecified (RFC 1122 section 3.2.1.3), which reaches this machine"),
    # Not RFC 1918: the network of a carrier or an overlay (Tailscale), which has machines of other people.
    ("100.64.0.0/10", Reach.FAR, "shared with a carrier or an overlay network (RFC 6598)"),
    # Reserved for benchmarks, but some proxies use these addresses in place of any public host.
    ("198.18.0.0/15", Reach.FAR, "for benchmarks (RFC 2544), or a proxy's substitute for public hosts"),
    ("192.0.0.0/24", Reach.NEVER, "reserved for protocols (RFC 6890)"),
    ("192.0.2.0/24", Reach.NEVER, "reserved for documentation (RFC 5737)"),
    ("198.51.100.0/24", Reach.NEVER, "reserved for documentation (RFC 5737)"),
    ("203.0.113.0/24", Reach.NEVER, "reserved for documentation (RFC 5737)"),
    ("192.88.99.0/24", Reach.NEVER, "reserved: former 6to4 relays (RFC 7526)"),
    ("224.0.0.0/4", Reach.NEVER, "multicast (RFC 5771)"),
    ("255.255.255.255/32", Reach.NEVER, "broadcast (RFC 919)"),
    ("240.0.0.0/4", Reach.NEVER, "reserved (RFC 1112 section 4)"),
    ("0.0.0.0/0", Reach.FAR, "public"),
)
_IPV6 = _blocks(
    ("::1/128", Reach.NEAR, "loopback"),
    ("::/128", Reach.NEVER, "unspecified (RFC 4291 section 2.5.2), which reaches this machine"),
    ("::ffff:0:0/96", Reach.NEAR, "IPv4-mapped (RFC 4291 section 2.5.5.2)"),
    ("::/96", Reach.NEVER, "IPv4-compatible, which is deprecated (RFC 4291 section 2.5.5.1)"),
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


class Classification(NamedTuple):
    """The class of an address, and the words that follow "the address is" in a message."""

    reach: Reach
    description: str


def classify(address: Address) -> Classification:
    """Return the class of an address. If it contains an IPv4 address, the class with the greater reach counts."""
    return max((_look_up(each) for each in _with_embedded(address)), key=lambda found: found.reach)


def _look_up(address: Address) -> Classification:
    number = int(address)  # without the zone: fd00:ec2::254%eth0 is the same machine
    block = next(b for b in (_IPV4 if address.version == 4 else _IPV6) if b.low <= number <= b.high)
    return Classification(block.reach, block.description)


def _with_embedded(address: Address) -> Iterator[Address]:
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
    if number >> 96 == 0x20010000:  # Teredo: the server, and the client with inverted bits (RFC 4380 section 4)
        return number >> 64 & ones, low ^ ones
    return ()


def _local_nat64(number: int) -> tuple[int, ...]:
    # The operator chooses the length of the prefix, so the address is decoded in every layout of RFC 6052 section 2.2.
    # None of them uses bits 64 to 71. A result in 0.0.0.0/8 is padding of another layout, unless there is no other.
    without_unused = number >> 64 << 56 | number & (1 << 56) - 1
    candidates = tuple(without_unused >> shift & 0xFFFFFFFF for shift in (40, 32, 24, 0))
    return tuple(candidate for candidate in candidates if candidate >> 24) or candidates


def on_this_machine(address: Address) -> bool:
    """Return true if an interface of this machine has the address, by binding a socket to it. Nothing is sent."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True


class EgressPolicy(NamedTuple):
    """Which addresses this server may call: near ones always, far ones if `allow_public` is set, itself never.

    `own_ports` are the ports that this server listens on; they are refused on loopback and on every address for which
    `is_own` returns true. A server in a container cannot recognise its own published port at the host's address.
    """

    allow_public: bool = False
    own_ports: Container[int] = frozenset()
    is_own: Callable[[Address], bool] = on_this_machine

    def check(self, address: Address, port: int) -> None:
        """Raise EgressRefused unless calls to the address and port are allowed."""
        reach, description = classify(address)
        if reach is Reach.NEVER:
            raise EgressRefused(f"{address} is {description}: calls to it are never allowed")
        if reach is Reach.FAR and not self.allow_public:
            raise EgressRefused(f"{address} is {description}: calls to it need --allow-public-webhooks")
        if port in self.own_ports and any(a.is_loopback or self.is_own(a) for a in _with_embedded(address)):
            raise EgressRefused(f"{address} port {port} is this server itself: calls to it are never allowed")

    def check_url(self, url: str) -> Destination:
        """Parse a URL, and check its address if the host is one. Raises EgressRefused.

        A name is not resolved. Check every address that it resolves to.
        """
        destination = read_url(url)
        if destination.address is not None:
            self.check(destination.address, destination.port)
        return destination
