"""Placeholders: a closed list of names, values with their types, and no substitution in what was filled in."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.core.fill import FAKES, fill, unknown_names

VALUES: dict[str, Any] = {
    "request.body.prompt": "a calm sea",
    "request.body.count": 3,
    "request.body.flag": True,
    "request.body.tags": ["a", "b"],
    "request.body.ratio": 0.5,
    "request.body.hole": "${now}",
    "request.body.missing": None,
    "job.id": "ana_1",
    "now": "2025-06-01T12:00:00Z",
    "seed.1": 42,
}


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("${job.id}", "ana_1"),
        ("job ${job.id} at ${now}", "job ana_1 at 2025-06-01T12:00:00Z"),
        ("${request.body.count}", 3),
        ("${request.body.flag}", True),
        ("${request.body.tags}", ["a", "b"]),
        ("${request.body.missing}", None),
        ("count: ${request.body.count}", "count: 3"),
        ("ratio: ${request.body.ratio}", "ratio: 0.5"),
        ("flag: ${request.body.flag}", "flag: true"),
        ("tags: ${request.body.tags}", 'tags: ["a","b"]'),
        ("nothing: ${request.body.missing}.", "nothing: ."),
        ("${seed.1}${seed.1}", "4242"),
        ("no holes", "no holes"),
        ("$now {now} $${now", "$now {now} $${now"),
        ("$${now}", "$2025-06-01T12:00:00Z"),
        (5, 5),
        (None, None),
        ({"a": ["${now}", {"b": "${seed.1}"}], "${now}": 1}, {"a": [VALUES["now"], {"b": 42}], "${now}": 1}),
    ],
)
def test_placeholders_are_replaced_by_their_values(template: Any, filled: Any) -> None:
    assert fill(template, VALUES.__getitem__) == filled


@pytest.mark.parametrize("template", ["${request.body.hole}", "so: ${request.body.hole}"])
def test_placeholders_in_values_of_the_client_are_not_replaced(template: str) -> None:
    assert fill(template, VALUES.__getitem__) == template.replace("${request.body.hole}", "${now}")


def test_the_template_is_not_changed() -> None:
    template = {"a": ["${now}"]}
    fill(template, VALUES.__getitem__)
    assert template == {"a": ["${now}"]}


@pytest.mark.parametrize(
    "name",
    [
        "request.body.prompt",
        "request.body.source.items.0.id",
        "request.query.page",
        "request.header.x-team",
        "request.path.id",
        "job.id",
        "now",
        "seed.0",
        "seed.999999",
        *(f"fake.{kind}" for kind in FAKES),
    ],
)
def test_names_on_the_list_are_known(name: str) -> None:
    assert unknown_names(f"${{{name}}}") == []


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Now",
        "job",
        "job.ids",
        "seed",
        "seed.x",
        "seed.1234567",
        "request.body",
        "request.cookie.x",
        "env.HOME",
        "fake",
        "fake.phone",
        "fake.name.1",
        "fake.Name",
        "now\n",
    ],
)
def test_names_off_the_list_are_unknown(name: str) -> None:
    assert unknown_names({"reply": ["${now}", f"text ${{{name}}}"]}) == [(("reply", 1), name)]


def test_unknown_names_are_found_in_nested_values() -> None:
    value = {"a": "${x}", "b": ["${y}", {"c": "${z}${now}"}], "${key}": 1, "d": None}
    assert unknown_names(value) == [(("a",), "x"), (("b", 0), "y"), (("b", 1, "c"), "z")]


@given(st.text("${}now. x", max_size=30))
def test_filling_any_text_gives_a_text(template: str) -> None:
    names = unknown_names(template)
    filled = fill(template, lambda name: f"<{name}>")
    assert isinstance(filled, str)
    if "${" not in template:
        assert (names, filled) == ([], template)
