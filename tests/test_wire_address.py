"""Addresses: which provider and which sandbox a request is for, from its path, its Host header and its key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.core.addresses import is_sandbox_name
from mockserver.wire.address import Address, AddressBook, sandbox_in_key

BOOK = AddressBook(
    {
        "videotoprompt": ("api.videotoprompt.org", "videotoprompt.org"),
        "nanophoto": ("nanophoto.ai",),
    }
)


@pytest.mark.parametrize(
    ("path", "host", "address"),
    [
        ("/videotoprompt/v1/analyze", "localhost:8080", Address("videotoprompt", "/v1/analyze", None, "prefix")),
        ("/videotoprompt", "localhost", Address("videotoprompt", "/", None, "prefix")),
        ("/videotoprompt/", "localhost", Address("videotoprompt", "/", None, "prefix")),
        ("/_mock/clock", "localhost", Address("control", "/clock", None, "prefix")),
        ("/v1/analyze", "api.videotoprompt.org", Address("videotoprompt", "/v1/analyze", None, "host")),
        ("/v1/analyze", "api.videotoprompt.org:8443", Address("videotoprompt", "/v1/analyze", None, "host")),
        ("/v1/analyze", "API.VideoToPrompt.org", Address("videotoprompt", "/v1/analyze", None, "host")),
        ("/", "nanophoto.ai", Address("nanophoto", "/", None, "host")),
        ("/v1/analyze", "localhost:8080", Address(None, "/v1/analyze")),
        ("/v1/analyze", "", Address(None, "/v1/analyze")),
        ("/", "localhost", Address(None, "/")),
        ("", "localhost", Address(None, "")),
        ("*", "localhost", Address(None, "*")),
    ],
)
def test_a_provider_is_addressed_by_prefix_or_by_host(path: str, host: str, address: Address) -> None:
    assert BOOK.find(path, host) == address


def test_a_prefix_takes_precedence_over_a_host() -> None:
    assert BOOK.find("/nanophoto/api", "api.videotoprompt.org") == Address("nanophoto", "/api", None, "prefix")
    assert BOOK.find("/_mock/health", "nanophoto.ai") == Address("control", "/health", None, "prefix")


@pytest.mark.parametrize(
    "path", ["/videotoprompts/v1", "/Videotoprompt/v1", "//videotoprompt/v1", "/v1/videotoprompt", "/control/x"]
)
def test_only_a_whole_first_segment_is_a_prefix(path: str) -> None:
    assert BOOK.find(path, "localhost") == Address(None, path)


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("/~alice/videotoprompt/v1", Address("videotoprompt", "/v1", "alice", "prefix")),
        ("/~alice/_mock/clock", Address("control", "/clock", "alice", "prefix")),
        ("/~alice/v1/analyze", Address(None, "/v1/analyze", "alice")),
        ("/~alice/", Address(None, "/", "alice")),
        ("/~alice", Address(None, "/", "alice")),
        ("/%7Ealice/v1", Address(None, "/v1", "alice")),
        ("/%7ealice/v1", Address(None, "/v1", "alice")),
        ("/~alice/~bob/v1", Address(None, "/~bob/v1", "alice")),
        ("/~/v1", Address(None, "/v1", "")),
        ("/~", Address(None, "/", "")),
    ],
)
def test_a_sandbox_is_named_by_the_first_segment(path: str, address: Address) -> None:
    assert BOOK.find(path, "localhost") == address


def test_a_sandbox_and_a_host_go_together() -> None:
    assert BOOK.find("/~alice/v1", "nanophoto.ai") == Address("nanophoto", "/v1", "alice", "host")


@given(st.text(), st.text())
def test_the_address_of_any_path_and_host_has_the_end_of_the_path(path: str, host: str) -> None:
    address = BOOK.find(path, host)
    assert path.endswith(address.path) or address.path == "/"


# --- a sandbox named by a key ---


@pytest.mark.parametrize(
    ("key", "exists", "sandbox"),
    [
        ("sbx-alice", {"alice"}, "alice"),
        ("vtp_live_sbx-alice", {"alice"}, "alice"),
        ("sbx-alice-free", {"alice"}, "alice"),
        ("sbx-alice_free-1", {"alice"}, "alice"),
        ("sbx-alice-free", {"alice", "alice-free"}, "alice-free"),
        ("sbx-alice-free-1", {"alice", "alice-free"}, "alice-free"),
        ("sbx-alicefree", {"alice"}, "alicefree"),
        ("sbx-bob-1", {"alice"}, "bob-1"),
        ("sbx-alice.free", {"alice"}, "alice"),
        ("key-1", {"alice"}, None),
        ("sbx-", {""}, None),
        ("sbx--alice", {"alice"}, None),
        ("SBX-alice", {"alice"}, None),
        ("", set(), None),
    ],
)
def test_a_key_names_the_longest_sandbox_that_exists(key: str, exists: set[str], sandbox: str | None) -> None:
    assert sandbox_in_key(key, dict.fromkeys(exists)) == sandbox


names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", fullmatch=True)


@given(names, st.text("abc_-", max_size=10).map(lambda t: f"-{t}"))
def test_a_key_may_continue_after_the_name_of_the_sandbox(name: str, rest: str) -> None:
    assert is_sandbox_name(name)
    assert sandbox_in_key(f"key_sbx-{name}", {name: None}) == name
    assert sandbox_in_key(f"key_sbx-{name}{rest}", {name: None}) == name


@pytest.mark.parametrize("name", ["", "-a", "_a", "a/b", "a b", "a" * 65, "a\n", "ä"])
def test_invalid_names_of_sandboxes(name: str) -> None:
    assert not is_sandbox_name(name)
