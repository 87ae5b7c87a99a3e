"""Every form of a URL is either refused, or classified by the address that is called."""

import socket
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.outgoing.destination import EgressRefused, read_url
from mockserver.outgoing.egress import EgressPolicy, Reach, classify, on_this_machine

# near: allowed. far: allowed with --allow-public-webhooks. never: not allowed. invalid: not a usable URL. name: is
# resolved. The last column is a part of the message ("" if the call is allowed).
URLS = [
    # loopback and private addresses in their usual form
    ("http://127.0.0.1", "near", ""),
    ("http://127.0.0.1:3000/hook", "near", ""),
    ("https://127.0.0.1:8443/", "near", ""),
    ("HTTP://127.0.0.1/", "near", ""),
    ("hTTpS://127.0.0.1/", "near", ""),
    ("http://127.1.2.3/", "near", ""),
    ("http://127.255.255.254/", "near", ""),
    ("http://10.0.0.1/", "near", ""),
    ("http://10.255.255.255/", "near", ""),
    ("http://172.16.0.1/", "near", ""),
    ("http://172.17.0.1:3000/", "near", ""),
    ("http://172.31.255.254/", "near", ""),
    ("http://192.168.1.20/", "near", ""),
    ("http://0.250.250.254:3000/", "near", ""),  # host.docker.internal in OrbStack
    ("http://[::1]", "near", ""),
    ("http://[::1]:3000/hook", "near", ""),
    ("http://[0:0:0:0:0:0:0:1]/", "near", ""),
    ("http://[0000:0000:0000:0000:0000:0000:0000:0001]/", "near", ""),
    ("http://[fd12:3456:789a::1]/", "near", ""),
    ("http://[FD12:3456:789A::1]/", "near", ""),
    ("http://[fc00::1]/", "near", ""),
    ("http://[::ffff:127.0.0.1]/", "near", ""),
    ("http://[::ffff:7f00:1]/", "near", ""),
    ("http://[::FFFF:10.0.0.1]/", "near", ""),
    ("http://[0:0:0:0:0:ffff:192.168.0.1]/", "near", ""),
    # public addresses, and networks of other people
    ("http://8.8.8.8/", "far", "is public: calls to it need --allow-public-webhooks"),
    ("https://93.184.216.34/hook", "far", "public"),
    ("http://1.1.1.1:3000/", "far", "public"),
    ("http://9.255.255.255/", "far", "public"),
    ("http://11.0.0.0/", "far", "public"),
    ("http://126.255.255.255/", "far", "public"),
    ("http://128.0.0.1/", "far", "public"),
    ("http://172.15.255.255/", "far", "public"),
    ("http://172.32.0.1/", "far", "public"),
    ("http://192.167.255.255/", "far", "public"),
    ("http://192.169.0.1/", "far", "public"),
    ("http://223.255.255.255/", "far", "public"),
    ("http://100.63.255.255/", "far", "is public"),
    ("http://100.64.0.1/", "far", "RFC 6598"),
    ("http://100.127.255.254/", "far", "RFC 6598"),
    ("http://100.100.100.199/", "far", "RFC 6598"),
    ("http://198.18.0.1/", "far", "RFC 2544"),
    ("http://198.19.248.254/", "far", "RFC 2544"),
    ("http://[2606:4700:4700::1111]/", "far", "public"),
    ("http://[2a00:1450:4001::200e]/", "far", "public"),
    ("http://[::ffff:8.8.8.8]/", "far", "public"),
    ("http://[::ffff:100.64.0.1]/", "far", "RFC 6598"),
    ("http://[64:ff9b::8.8.8.8]/", "far", "RFC 6052"),
    ("http://[64:ff9b::10.0.0.1]/", "far", "RFC 6052"),  # the stricter of both
    ("http://[64:ff9b:1::10.0.0.1]/", "far", "RFC 8215"),
    ("http://[64:ff9b:1:a00:0:100::]/", "far", "RFC 8215"),  # 10.0.0.1 below a prefix of 48 bits
    ("http://[2002:808:808::1]/", "far", "RFC 3056"),
    ("http://[2002:7f00:1::]/", "far", "RFC 3056"),
    ("http://[2001:0:808:808:0:ffff:f7f7:f7f7]/", "far", "RFC 4380"),
    # metadata services
    ("http://169.254.169.254/latest/meta-data/", "never", "metadata"),
    ("http://169.254.169.254:80/", "never", "metadata"),
    ("https://169.254.169.254/", "never", "metadata"),
    ("http://169.254.170.2/v2/credentials", "never", "metadata"),
    ("http://169.254.170.23/v1/credentials", "never", "metadata"),
    ("http://100.100.100.200/", "never", "metadata"),
    ("http://168.63.129.16/", "never", "metadata"),
    ("http://192.0.0.192/", "never", "metadata"),
    ("http://[fd00:ec2::254]/", "never", "metadata"),
    ("http://[fd00:ec2::23]/", "never", "metadata"),
    ("http://[FD00:0EC2:0:0:0:0:0:254]/", "never", "metadata"),
    ("http://[fd20:ce::254]/", "never", "metadata"),
    ("http://[fd00:c1::a9fe:a9fe]/", "never", "metadata"),
    ("http://[fd00:42::42]/", "never", "metadata"),
    ("http://[fd00:a9fe:a9fe::1]/", "never", "metadata"),
    ("http://[fd00:100::100:200]/", "never", "metadata"),
    ("http://[::ffff:169.254.169.254]/", "never", "metadata"),
    ("http://[::ffff:a9fe:a9fe]/", "never", "metadata"),
    ("http://[::ffff:100.100.100.200]/", "never", "metadata"),
    ("http://[::ffff:168.63.129.16]/", "never", "metadata"),
    ("http://[64:ff9b::169.254.169.254]/", "never", "metadata"),
    ("http://[64:ff9b::a9fe:a9fe]/", "never", "metadata"),
    ("http://[64:ff9b:1::a9fe:a9fe]/", "never", "metadata"),
    ("http://[64:ff9b:1:a9fe:a9:fe00::]/", "never", "metadata"),  # prefix of 48 bits
    ("http://[64:ff9b:1:a9:fe:a9fe::]/", "never", "metadata"),  # 56
    ("http://[64:ff9b:1:0:a9:fea9:fe00:0]/", "never", "metadata"),  # 64
    ("http://[2002:a9fe:a9fe::1]/", "never", "metadata"),
    ("http://[2001:0:a9fe:a9fe::]/", "never", "metadata"),  # as the Teredo server
    ("http://[2001:0:808:808:0:ffff:5601:5601]/", "never", "metadata"),  # as the Teredo client
    # not the address of one machine
    ("http://0.0.0.0/", "never", "unspecified"),
    ("http://0.0.0.0:3000/", "never", "unspecified"),
    ("http://0.0.0.1/", "never", "unspecified"),
    ("http://0.250.250.253/", "never", "unspecified"),
    ("http://0.255.255.255/", "never", "unspecified"),
    ("http://[::]/", "never", "unspecified"),
    ("http://[::]:3000/", "never", "unspecified"),
    ("http://[0:0:0:0:0:0:0:0]/", "never", "unspecified"),
    ("http://[::ffff:0.0.0.0]/", "never", "unspecified"),
    ("http://[64:ff9b::]/", "never", "unspecified"),
    ("http://[64:ff9b:1::]/", "never", "unspecified"),
    ("http://[2002::1]/", "never", "unspecified"),
    ("http://169.254.0.1/", "never", "link-local"),
    ("http://169.254.255.255/", "never", "link-local"),
    ("http://[fe80::1]/", "never", "link-local"),
    ("http://[fe80::a9fe:a9fe]/", "never", "link-local"),
    ("http://[febf::1]/", "never", "link-local"),
    ("http://[::ffff:169.254.1.1]/", "never", "link-local"),
    ("http://224.0.0.1/", "never", "multicast"),
    ("http://239.255.255.250:1900/", "never", "multicast"),
    ("http://[ff02::1]/", "never", "multicast"),
    ("http://[ff0e::1]/", "never", "multicast"),
    ("http://[::ffff:224.0.0.1]/", "never", "multicast"),
    ("http://255.255.255.255/", "never", "broadcast"),
    ("http://[::ffff:255.255.255.255]/", "never", "broadcast"),
    ("http://240.0.0.1/", "never", "reserved"),
    ("http://192.0.0.1/", "never", "reserved"),
    ("http://192.0.2.1/", "never", "documentation"),
    ("http://198.51.100.1/", "never", "documentation"),
    ("http://203.0.113.1/", "never", "documentation"),
    ("http://192.88.99.1/", "never", "RFC 7526"),
    ("http://[::127.0.0.1]/", "never", "IPv4-compatible"),
    ("http://[::8.8.8.8]/", "never", "IPv4-compatible"),
    ("http://[::a9fe:a9fe]/", "never", "IPv4-compatible"),
    ("http://[::2]/", "never", "IPv4-compatible"),
    ("http://[::ffff:0:127.0.0.1]/", "never", "reserved"),  # SIIT (RFC 2765)
    ("http://[fec0::1]/", "never", "reserved"),  # site-local, which RFC 3879 ended
    ("http://[100::1]/", "never", "reserved"),
    ("http://[4000::1]/", "never", "reserved"),
    ("http://[2001:db8::1]/", "never", "documentation"),
    ("http://[3fff::1]/", "never", "documentation"),
    ("http://[2001:2::1]/", "never", "RFC 2928"),
    # numbers that inet_aton or a browser parses as an address
    ("http://2130706433/", "invalid", "four plain decimal numbers"),
    ("http://0/", "invalid", "four plain decimal numbers"),
    ("http://2852039166/", "invalid", "four plain decimal numbers"),
    ("http://4294967296/", "invalid", "four plain decimal numbers"),
    ("http://0177.0.0.1/", "invalid", "four plain decimal numbers"),
    ("http://0251.0376.0251.0376/", "invalid", "four plain decimal numbers"),
    ("http://127.0.0.01/", "invalid", "four plain decimal numbers"),
    ("http://017700000001/", "invalid", "four plain decimal numbers"),
    ("http://0x7f.0.0.1/", "invalid", "four plain decimal numbers"),
    ("http://0x7f000001/", "invalid", "four plain decimal numbers"),
    ("http://0X7F.0X1/", "invalid", "four plain decimal numbers"),
    ("http://0xa9fea9fe/", "invalid", "four plain decimal numbers"),
    ("http://0x/", "invalid", "four plain decimal numbers"),
    ("http://127.1/", "invalid", "four plain decimal numbers"),
    ("http://127.0.1/", "invalid", "four plain decimal numbers"),
    ("http://169.254.43518/", "invalid", "four plain decimal numbers"),
    ("http://1.2.3.4.5/", "invalid", "four plain decimal numbers"),
    ("http://256.0.0.1/", "invalid", "four plain decimal numbers"),
    ("http://127.0.0.1./", "invalid", "four plain decimal numbers"),
    ("http://127.0.0.0x1/", "invalid", "four plain decimal numbers"),
    ("http://example.1/", "invalid", "four plain decimal numbers"),
    ("http://127..0.1/", "invalid", "four plain decimal numbers"),
    # brackets
    ("http://[127.0.0.1]/", "invalid", "not an IPv6 address"),
    ("http://[localhost]/", "invalid", "not an IPv6 address"),
    ("http://[]/", "invalid", "not an IPv6 address"),
    ("http://[:::1]/", "invalid", "not an IPv6 address"),
    ("http://[::1::]/", "invalid", "not an IPv6 address"),
    ("http://[::00001]/", "invalid", "not an IPv6 address"),
    ("http://[::ffff:0177.0.0.1]/", "invalid", "not an IPv6 address"),
    ("http://[v1.fe80]/", "invalid", "not an IPv6 address"),
    ("http://[::1%25eth0]/", "invalid", "%"),
    ("http://[fe80::1%eth0]/", "invalid", "%"),
    ("http://[::1/", "invalid", "in brackets"),
    ("http://[::1]3000/", "invalid", "in brackets"),
    ("http://[[::1]]/", "invalid", "in brackets"),
    ("http://::1/", "invalid", "port"),
    ("http://::ffff:127.0.0.1/", "invalid", "port"),
    # characters that some programs keep, and others drop, decode or fold
    ("http://127.0.0.1%2f@example.com/", "invalid", "password"),
    ("http://%31%32%37.0.0.1/", "invalid", "%"),
    ("http://127.0.0.1%00.example.com/", "invalid", "%"),
    ("http://local%68ost/", "invalid", "%"),
    ("http://１２７.0.0.1/", "invalid", "ASCII"),  # noqa: RUF001  full-width digits
    ("http://127。0。0。1/", "invalid", "ASCII"),  # full stops that IDNA folds
    ("http://127．0．0．1/", "invalid", "ASCII"),  # noqa: RUF001
    ("http://①②⑦.0.0.1/", "invalid", "ASCII"),
    ("http://١٢٧.0.0.1/", "invalid", "ASCII"),  # Arabic-Indic digits
    ("http://ⓔxample.com/", "invalid", "ASCII"),
    ("http://bücher.example/", "invalid", "xn--"),
    ("http://loca\u00adlhost/", "invalid", "ASCII"),  # a soft hyphen, which IDNA drops
    ("http://127.0.0.1\u200b/", "invalid", "ASCII"),
    ("http://127.0.0.1:３０００/", "invalid", "ASCII"),  # noqa: RUF001
    ("http://127.0.0.1\\@example.com/", "invalid", "backslash"),
    ("http:\\\\127.0.0.1\\", "invalid", "backslash"),
    ("http://127.0.0.1/a\\b", "invalid", "backslash"),
    (" http://127.0.0.1/", "invalid", "spaces"),
    ("http://127.0.0.1/ ", "invalid", "spaces"),
    ("http://127.0.0.1 /", "invalid", "spaces"),
    ("http://127.0.0.1/a b", "invalid", "spaces"),
    ("http://127.0.0.1/\r\nHost: example.com", "invalid", "control"),
    ("http://127.0.0.1\n/", "invalid", "control"),
    ("ht\ttp://127.0.0.1/", "invalid", "control"),
    ("http://127.0.0.1\x00.example.com/", "invalid", "control"),
    ("http://127.0.0.1/\x7f", "invalid", "control"),
    ("http://127.0.0.1/\x85", "invalid", "control"),
    ("http://127.0.0.1/\ud800", "invalid", "control"),
    # user names and passwords
    ("http://user@127.0.0.1/", "invalid", "password"),
    ("http://user:secret@127.0.0.1/", "invalid", "password"),
    ("http://@127.0.0.1/", "invalid", "password"),
    ("http://127.0.0.1@169.254.169.254/", "invalid", "password"),
    ("http://example.com#@127.0.0.1/", "name", ""),  # the fragment begins before the @
    ("http://example.com?@127.0.0.1/", "name", ""),
    ("http://example.com/@127.0.0.1/", "name", ""),
    # ports
    ("http://127.0.0.1:/", "near", ""),
    ("http://127.0.0.1:1/", "near", ""),
    ("http://127.0.0.1:65535/", "near", ""),
    ("http://127.0.0.1:00080/", "near", ""),
    ("http://127.0.0.1:0/", "invalid", "port"),
    ("http://127.0.0.1:65536/", "invalid", "port"),
    ("http://127.0.0.1:000080/", "invalid", "port"),
    ("http://127.0.0.1:-1/", "invalid", "port"),
    ("http://127.0.0.1:+80/", "invalid", "port"),
    ("http://127.0.0.1:8_0/", "invalid", "port"),
    ("http://127.0.0.1:80:80/", "invalid", "port"),
    ("http://127.0.0.1:http/", "invalid", "port"),
    ("http://[::1]:65536/", "invalid", "port"),
    # schemes and missing hosts
    ("ftp://127.0.0.1/", "invalid", "must begin with http"),
    ("file:///etc/passwd", "invalid", "must begin with http"),
    ("gopher://127.0.0.1:6379/_", "invalid", "must begin with http"),
    ("ws://127.0.0.1/", "invalid", "must begin with http"),
    ("unix:///var/run/docker.sock", "invalid", "must begin with http"),
    ("http+unix://%2Fvar%2Frun%2Fdocker.sock/", "invalid", "must begin with http"),
    ("javascript:alert(1)", "invalid", "must begin with http"),
    ("httpſ://127.0.0.1/", "invalid", "must begin with http"),  # noqa: RUF001  a long s, which upper-cases to S
    ("//127.0.0.1/", "invalid", "must begin with http"),
    ("/hook", "invalid", "must begin with http"),
    ("127.0.0.1:3000", "invalid", "must begin with http"),
    ("http:127.0.0.1", "invalid", "must begin with http"),
    ("http:/127.0.0.1/", "invalid", "must begin with http"),
    ("", "invalid", "must begin with http"),
    ("http://", "invalid", "no host"),
    ("http:///hook", "invalid", "no host"),
    ("http://:3000/", "invalid", "no host"),
    ("http://./", "invalid", "no host"),
    ("http://?q=1", "invalid", "no host"),
    ("http://#x", "invalid", "no host"),
    # names: only the addresses that they resolve to count
    ("http://localhost:3000/hook", "name", ""),
    ("http://LOCALHOST/", "name", ""),
    ("http://localhost./", "name", ""),
    ("http://app.localhost:3000/", "name", ""),
    ("http://host.docker.internal:3000/", "name", ""),
    ("http://metadata.google.internal/", "name", ""),
    ("http://web_1:8000/", "name", ""),
    ("http://xn--bcher-kva.example/", "name", ""),
    ("http://127.0.0.1.nip.io/", "name", ""),
    ("http://1.example/", "name", ""),
    ("http://0x7f.example/", "name", ""),
    ("http://" + "a" * 63 + ".example/", "name", ""),
    ("http://" + "a" * 64 + ".example/", "invalid", "letters"),
    ("http://" + "a." * 127 + "example/", "invalid", "letters"),
    ("http://a..example/", "invalid", "letters"),
    ("http://.example/", "invalid", "letters"),
    ("http://example../", "invalid", "no host"),
    ("http://-a.example/", "invalid", "letters"),
    ("http://a*b.example/", "invalid", "letters"),
    ("http://a,b/", "invalid", "letters"),
    ("http://127.0.0.1;example.com/", "invalid", "letters"),
    ("http://127.0.0.1&@example.com/", "invalid", "password"),
    ("http://127.0.0.1/" + "a" * 8192, "invalid", "longer"),
]


def outcome(url: str, *, allow_public: bool) -> str:
    """Return the message of the refusal, or an empty text if the URL is allowed."""
    try:
        EgressPolicy(allow_public=allow_public).check_url(url)
    except EgressRefused as refused:
        return str(refused)
    return ""


@pytest.mark.parametrize(
    ("url", "expected", "message"), URLS, ids=[f"{n} {ascii(row[0])[:50]}" for n, row in enumerate(URLS)]
)
def test_each_url_is_allowed_or_refused_with_a_reason(url: str, expected: str, message: str) -> None:
    by_default, with_public = outcome(url, allow_public=False), outcome(url, allow_public=True)

    assert (not by_default) == (expected in ("near", "name"))
    assert (not with_public) == (expected in ("near", "name", "far"))
    assert message in by_default
    if expected == "invalid":
        with pytest.raises(EgressRefused):
            read_url(url)
    else:
        assert (read_url(url).address is None) == (expected == "name")


def test_the_table_is_long_and_has_no_duplicates() -> None:
    assert len(URLS) >= 150
    assert len({row[0] for row in URLS}) == len(URLS)


@pytest.mark.parametrize(
    ("url", "host", "port", "authority", "target"),
    [
        ("http://Example.COM", "example.com", 80, "example.com", "/"),
        ("https://example.com?a=b#c", "example.com", 443, "example.com", "/?a=b"),
        ("https://example.com:443/", "example.com", 443, "example.com", "/"),
        ("https://example.com:80/", "example.com", 80, "example.com:80", "/"),
        ("http://[::FFFF:127.0.0.1]:8000/a/../b//c?x=%2f&y={z}", "::ffff:127.0.0.1", 8000, None, None),
        ("http://127.0.0.1:0080/", "127.0.0.1", 80, "127.0.0.1", "/"),
        ("http://localhost.:81/", "localhost.", 81, "localhost.:81", "/"),
        ("http://localhost/é?ü=%C3%BC", "localhost", 80, "localhost", "/%C3%A9?%C3%BC=%C3%BC"),
    ],
)
def test_the_parts_of_a_url_are_as_they_are_sent(
    url: str, host: str, port: int, authority: str | None, target: str | None
) -> None:
    to = read_url(url)

    assert (to.host, to.port) == (host, port)
    assert to.authority == (authority or "[::ffff:127.0.0.1]:8000")
    assert to.target == (target or "/a/../b//c?x=%2f&y={z}")


def test_a_refusal_does_not_repeat_a_password() -> None:
    assert "hunter2" not in outcome("http://me:hunter2@127.0.0.1/", allow_public=True)


OWN = EgressPolicy(own_ports=frozenset({8080, 80}), is_own=lambda address: str(address) == "192.168.7.7")


@pytest.mark.parametrize(
    ("url", "is_own"),
    [
        ("http://127.0.0.1:8080/v1/hook", True),
        ("http://127.0.0.1:08080/", True),
        ("https://127.0.0.1:8080/", True),
        ("http://127.0.0.1/", True),  # port 80 by default
        ("http://127.9.9.9:8080/", True),
        ("http://[::1]:8080/", True),
        ("http://[::ffff:127.0.0.1]:8080/", True),
        ("http://192.168.7.7:8080/", True),
        ("http://[::ffff:192.168.7.7]:8080/", True),
        ("http://127.0.0.1:8081/", False),
        ("https://127.0.0.1/", False),
        ("http://192.168.7.7:8081/", False),
        ("http://192.168.7.8:8080/", False),  # the same port of another machine
    ],
)
def test_the_server_never_calls_itself(url: str, is_own: bool) -> None:
    if not is_own:
        assert OWN.check_url(url).port in (443, 8080, 8081)
        return
    with pytest.raises(EgressRefused, match="this server itself"):
        OWN.check_url(url)


def test_an_address_that_a_socket_can_be_bound_to_is_on_this_machine() -> None:
    assert on_this_machine(IPv4Address("127.0.0.1"))
    assert not on_this_machine(IPv4Address("8.8.8.8"))
    assert not on_this_machine(IPv6Address("2606:4700:4700::1111"))


def test_a_zone_does_not_hide_an_address() -> None:
    assert classify(IPv6Address("fd00:ec2::254%eth0")).reach is Reach.NEVER
    assert classify(IPv6Address("fe80::1%eth0")).reach is Reach.NEVER


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_the_tables_are_at_least_as_strict_as_pythons(address: IPv4Address) -> None:
    reach = classify(address).reach
    if reach is Reach.NEAR:
        assert address.is_private
    if address.is_multicast or address.is_link_local or address.is_unspecified or address.is_reserved:
        assert reach is Reach.NEVER
    assert classify(IPv6Address(f"::ffff:{address}")).reach is reach


@given(st.integers(0, 2**128 - 1).map(IPv6Address))
def test_the_ipv6_table_is_at_least_as_strict_as_pythons(address: IPv6Address) -> None:
    if classify(address).reach is Reach.NEAR:
        assert address.is_private or address.is_loopback or address.ipv4_mapped
    if address.is_multicast or address.is_link_local or address.is_unspecified:
        assert classify(address).reach is Reach.NEVER


@given(
    st.sampled_from(["64:ff9b::{0:x}:{1:x}", "64:ff9b:1::{0:x}:{1:x}", "2002:{0:x}:{1:x}::1", "2001:0:{0:x}:{1:x}::"]),
    st.integers(0, 2**32 - 1),
)
def test_an_address_inside_another_keeps_its_class_or_a_stricter_one(form: str, number: int) -> None:
    wrapped = IPv6Address(form.format(number >> 16, number & 0xFFFF))

    assert classify(wrapped).reach >= max(Reach.FAR, classify(IPv4Address(number)).reach)


@given(st.text() | st.from_regex(r"https?://[0-9a-fxX.:\[\]@%\\]{0,20}(:[0-9]*)?(/.*)?", fullmatch=True))
def test_any_text_is_parsed_or_refused(url: str) -> None:
    try:
        to = read_url(url)
    except EgressRefused:
        return
    assert to.target.startswith("/")
    assert to.target.isascii()
    if to.address is None and ":" not in to.host:
        with pytest.raises(OSError):  # the C library does not parse a name as an address either
            socket.inet_aton(to.host)
