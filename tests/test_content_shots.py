"""NanoPhoto's shot lists: a well-formed table whose durations add up, in eleven languages."""

import re
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.content.locales import CODES, locale
from mockserver.content.shots import reverse_prompt
from mockserver.content.timing import clock, rounded, split
from mockserver.core.seeded import Seeded

HINT = "https://static.nanophoto.ai/demo/sk2-ad.mp4"


def table(text: str) -> list[list[str]]:
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert all(row.endswith("|") for row in rows)
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def seconds(cell: str) -> Decimal:
    found = re.match(r"[\d.,]+", cell)
    assert found, cell
    return Decimal(found.group().replace(",", "."))


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("duration", [0.5, 4, 8, 12.345, 30.04, 61, 599.9, 3600])
def test_the_table_is_well_formed_and_its_durations_add_up(code, duration):
    for n in range(12):
        rows = table(reverse_prompt(Seeded(n), "", code, duration))
        assert rows[0] == list(locale(code).shots.columns)
        assert all(re.fullmatch(":?-{3,}:?", cell) for cell in rows[1])
        shots = rows[2:]
        assert 3 <= len(shots) <= 8
        assert {len(row) for row in rows} == {6}
        assert all(cell for row in rows for cell in row)
        assert [row[0] for row in shots] == [str(number + 1) for number in range(len(shots))]
        assert sum(seconds(row[5]) for row in shots) == Decimal(rounded(round(duration * 1000))) / 1000
        assert all(seconds(row[5]) > 0 for row in shots)


@pytest.mark.parametrize("code", CODES)
def test_the_text_has_a_reasonable_size_and_three_headings(code):
    for n in range(40):
        text = reverse_prompt(Seeded(n), "", code, 5 + n)
        assert 1300 < len(text.encode()) < 6500
        assert len(re.findall(r"^## \S", text, re.MULTILINE)) == 3
        assert not re.search(r"[{}]|  |\.\.", text)
        assert text.endswith("\n")


@pytest.mark.parametrize("code", CODES)
def test_every_shot_has_a_picture_music_effects_and_a_voice(code):
    forms = locale(code).shots
    for row in table(reverse_prompt(Seeded(1), HINT, code, 20))[2:]:
        music, effect, speech = row[4].split("<br>")
        assert music.startswith(forms.music.format(what="").strip())
        assert effect.startswith(forms.effect.format(what="").strip())
        assert speech.startswith(forms.speech.format(what="").strip())
        assert len(row[3]) > 5


def test_neighbouring_shots_do_not_repeat_a_camera_movement_or_a_picture():
    for n in range(100):
        shots = table(reverse_prompt(Seeded(n), "", "en", 60))[2:]
        assert all(one[2] != two[2] for one, two in pairwise(shots))
        assert len({row[3] for row in shots}) == len(shots)


def test_languages_differ_and_describe_the_same_story():
    texts = {code: reverse_prompt(Seeded("same"), HINT, code, 15) for code in CODES}
    assert len(set(texts.values())) == len(CODES)
    assert {len(table(text)) for text in texts.values()} == {len(table(texts["en"]))}
    for code, text in texts.items():
        assert locale(code).stories["product.serum"].subject.lower() in text.lower()


def test_the_same_request_gives_the_same_bytes_and_another_seed_others():
    assert reverse_prompt(Seeded("a"), HINT, "ja", 9.5) == reverse_prompt(Seeded("a"), HINT, "ja", 9.5)
    assert len({reverse_prompt(Seeded(n), HINT, "ja", 9.5) for n in range(30)}) == 30


@given(hint=st.text(), code=st.sampled_from(CODES), duration=st.floats(min_value=-10, max_value=1e7))
def test_no_hint_breaks_the_table(hint, code, duration):
    text = reverse_prompt(Seeded("any"), hint, code, duration)
    assert {len(row) for row in table(text)} == {6}
    assert len(text) < 8000
    text.encode()


def test_a_huge_hint_does_not_make_a_huge_answer():
    assert len(reverse_prompt(Seeded(1), "dog | \n" * 20_000, "en", 30)) < 8000


@given(
    st.integers(min_value=0, max_value=10**8), st.lists(st.integers(min_value=1, max_value=9), min_size=1, max_size=8)
)
def test_parts_of_a_time_add_up_to_it(millis, weights):
    parts = split(millis, weights)
    assert sum(parts) == millis
    assert len(parts) == len(weights)
    assert min(parts) >= 0


def test_a_clock_shows_hours_only_when_there_are_any():
    assert [clock(s) for s in (0, 59.9, 61, 3599, 3661)] == ["00:00", "00:59", "01:01", "59:59", "1:01:01"]


@pytest.mark.parametrize(("exact", "stated"), [(473, 473), (12_345, 12_300), (19_960, 20_000), (47_213, 47_000)])
def test_a_length_is_stated_as_a_person_would(exact, stated):
    assert rounded(exact) == stated


@pytest.mark.parametrize("duration", [8, 10.037, 12.345, 31.7, 47.213, 89.999, 600])
def test_shot_lengths_are_round_numbers(duration):
    """Nobody writes down that a shot took 6.713 seconds: all but the last are in half seconds."""
    for n in range(40):
        lengths = [seconds(row[5]) for row in table(reverse_prompt(Seeded(n), "", "en", duration))[2:]]
        assert all(length % Decimal("0.5") == 0 for length in lengths[:-1])
        assert lengths[-1] % Decimal("0.1") == 0


@pytest.mark.parametrize("code", CODES)
def test_sound_and_light_vary_from_shot_to_shot(code):
    for n in range(30):
        shots = table(reverse_prompt(Seeded(n), "", code, 60))[2:]
        music, effects = zip(*(row[4].split("<br>")[:2] for row in shots), strict=True)
        assert all(one != two for one, two in pairwise(music))
        assert len(set(effects)) >= 4
        light = [row[3].rpartition(locale(code).shots.light.partition("{light}")[0])[2] for row in shots]
        assert all(one != two for one, two in pairwise(light))


@pytest.mark.parametrize("code", ["en", "de", "ja"])
def test_the_prompt_has_the_camera_of_one_of_the_shots(code):
    words = locale(code)
    for n in range(60):
        text = reverse_prompt(Seeded(n), "", code, 10 + n)
        prompt = text.rpartition("## ")[2].lower()
        cameras = {words.comma.join((row[1], row[2])).lower() for row in table(text)[2:]}
        assert any(camera in prompt for camera in cameras)
