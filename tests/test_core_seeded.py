"""Seeded values: the same in every release, evenly distributed, and different for different names."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.core.seeded import Seeded

SEED = Seeded(42, "default")

parts = st.lists(st.text(max_size=4) | st.integers(-20, 20), max_size=4)


# --- stable ---


def test_values_are_the_same_in_every_release() -> None:
    """Recorded values. A change of the hash would change every id and text that users' tests may compare with."""
    assert SEED.digest("job", 1).hex() == "2c49cd3d671f904d26797653df97aa3b"
    assert SEED.bits("job", 1) == 17145684500084496572
    assert SEED.unit("job", 1) == 0.9294694191871326
    assert SEED.integer(1, 1_000_000, "job") == 425810
    assert SEED.choice("abcdefghijklmnopqrstuvwxyz", "letter") == "w"
    assert SEED.sample(range(100), 5, "five") == [22, 86, 65, 24, 84]
    assert SEED.hexadecimal(9, "job") == "40700a52f"
    assert SEED.token(20, "job") == "332wt14srskkwaeesdgd"
    assert SEED.crockford(26, "job") == "FWWXY5MNHHCRX2QN6NFB3CGTTE"
    assert SEED.child("job", 1).token(8) == "swvh8vlr"


def test_a_value_does_not_depend_on_values_drawn_before() -> None:
    busy = Seeded(42, "default")
    for i in range(100):
        busy.bits("other", i)
        busy.child(i)
    assert busy.digest("job", 1) == SEED.digest("job", 1)


def test_a_child_is_a_separate_source() -> None:
    assert SEED.child("a").digest("b") != SEED.digest("a", "b")
    assert SEED.child("a").digest() == SEED.child("a").digest()
    assert len({SEED.child(n).digest("x") for n in range(100)}) == 100


# --- distinct ---


@given(parts, parts)
def test_different_names_never_share_a_value(one: list[str | int], other: list[str | int]) -> None:
    same = one == other and [type(p) for p in one] == [type(p) for p in other]
    assert (SEED.digest(*one) == SEED.digest(*other)) is same
    assert (Seeded(*one).digest() == Seeded(*other).digest()) is same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("ab", "c"), ("a", "bc")),
        (("1",), (1,)),
        (("#1",), (1,)),
        (("2:#1",), (1,)),
        (("a", "b"), ("a1:b",)),
        (("1:a",), ("a",)),
        ((), ("",)),
        (("", ""), ("",)),
        ((1, 2), (12,)),
        ((1, 1), (11,)),
        ((-1,), (1,)),
        (("é",), ("e\u0301",)),
    ],
)
def test_no_character_in_a_name_acts_as_a_separator(one: tuple[str | int, ...], other: tuple[str | int, ...]) -> None:
    assert SEED.digest(*one) != SEED.digest(*other)
    assert Seeded(*one).digest() != Seeded(*other).digest()


def test_any_text_is_a_name() -> None:
    assert len({SEED.bits(name) for name in ("\ud800", "\udfff", "\x00", "", "😀")}) == 5


# --- ranges and formats ---


@given(st.integers(-(10**6), 10**6), st.integers(0, 10**6), st.integers())
def test_integers_stay_within_their_range(low: int, width: int, name: int) -> None:
    assert low <= SEED.integer(low, low + width, name) <= low + width


@given(st.integers())
def test_a_unit_is_at_least_0_and_less_than_1(name: int) -> None:
    assert 0 <= SEED.unit(name) < 1


@given(st.lists(st.integers(), unique=True, max_size=20), st.integers(0, 25), st.integers())
def test_a_sample_has_different_members(options: list[int], count: int, name: int) -> None:
    drawn = SEED.sample(options, count, name)
    assert len(drawn) == min(count, len(options)) == len(set(drawn))
    assert set(drawn) <= set(options)


@pytest.mark.parametrize("length", [1, 2, 9, 20, 26, 60])
def test_texts_have_the_requested_length_and_their_alphabet(length: int) -> None:
    for name in range(50):
        for text, alphabet in (
            (SEED.hexadecimal(length, name), "0123456789abcdef"),
            (SEED.token(length, name), "0123456789abcdefghijklmnopqrstuvwxyz"),
            (SEED.crockford(length, name), "0123456789ABCDEFGHJKMNPQRSTVWXYZ"),
        ):
            assert len(text) == length
            assert set(text) <= set(alphabet)


# --- distribution ---


def test_values_are_spread_evenly() -> None:
    """A rough check: of 10,000 draws each of ten outcomes gets a tenth, within 20 per cent of that."""
    draws: dict[str, Counter[Any]] = {
        "integer": Counter(SEED.integer(0, 9, "i", n) for n in range(10_000)),
        "unit": Counter(int(SEED.unit("u", n) * 10) for n in range(10_000)),
        "choice": Counter(SEED.choice("abcdefghij", "c", n) for n in range(10_000)),
        "sample": Counter(SEED.sample("abcdefghij", 1, "s", n)[0] for n in range(10_000)),
        "token": Counter(SEED.token(60, "t", n)[-1] for n in range(36_000)),
    }
    for name, counts in draws.items():
        assert all(800 < count < 1_200 for count in counts.values()), (name, counts)
        assert len(counts) == (36 if name == "token" else 10)


def test_every_character_of_a_text_varies() -> None:
    tokens, ulids = ([draw(20, n) for n in range(2_000)] for draw in (SEED.token, SEED.crockford))
    assert all(len({t[place] for t in tokens}) == 36 for place in range(20))
    assert all(len({u[place] for u in ulids}) == 32 for place in range(20))
    assert len(set(tokens)) == len(set(ulids)) == 2_000
