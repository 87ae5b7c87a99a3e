"""Models of replies from a short notation."""

from typing import Any

import pytest
from pydantic import ValidationError

from mockserver.kit.shapes import Shapes

SHAPES = Shapes(
    {
        "Page": {
            "": "A page.",
            "title": "str # as shown",
            "views": "int",
            "author|x": "Author",
            "kind": "enum blog news",
            "ok": "true",
            "tags": ["str"],
            "hours": {"*": "str"},
            "note?": "str",
            "score": "float|null",
        },
        "Author": {"name": "str"},
        "Pages": {"": "Pages.", "=": ["Author"]},
    },
    {},
)
PAGE: dict[str, Any] = {
    "title": "a", "views": 1, "author|x": {"name": "b"}, "kind": "blog", "ok": True, "tags": ["c"], "hours": {"d": "e"},
    "score": None,
}  # fmt: skip


def test_a_value_of_the_shape_is_valid() -> None:
    SHAPES["Page"].model_validate(PAGE)
    SHAPES["Page"].model_validate({**PAGE, "note": "f", "score": 1.5})
    SHAPES["Pages"].model_validate([{"name": "a"}])


@pytest.mark.parametrize(
    "wrong",
    [{"title": 1}, {"kind": "wiki"}, {"ok": False}, {"tags": "c"}, {"hours": {"d": 1}}, {"views": None}, {"more": 1},
     {"author|x": {}}],
    ids=str,
)  # fmt: skip
def test_another_value_is_not(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SHAPES["Page"].model_validate({**PAGE, **wrong}, strict=True)


def test_the_schema_has_names_descriptions_and_what_is_required() -> None:
    schema = SHAPES["Page"].model_json_schema()
    assert (schema["title"], schema["description"]) == ("Page", "A page.")
    assert schema["properties"]["title"]["description"] == "as shown"
    assert "note" not in schema["required"]
    assert schema["properties"]["note"]["type"] == "string"
    assert "score" in schema["required"]


def test_a_model_is_created_once_and_unknown_names_are_errors() -> None:
    assert SHAPES["Author"] is SHAPES["Author"]
    with pytest.raises(KeyError):
        Shapes({"A": {"b": "Nothing"}}, {})["A"]
