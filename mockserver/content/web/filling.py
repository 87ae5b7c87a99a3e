"""Data about a page, in the shape that a JSON Schema or an example of the result asks for."""

from collections.abc import Callable, Mapping
from typing import Any

from mockserver.content.web import words
from mockserver.content.web.pages import Page

_DEEPEST, _ITEMS, _FIELDS = 6, 3, 60
_TYPES = ("string", "number", "integer", "boolean", "array", "object", "null")
_BY_NAME: tuple[tuple[tuple[str, ...], Callable[[Page], Any]], ...] = (
    (("title", "headline", "heading"), lambda page: page.title),
    (("author", "writer", "by", "person"), lambda page: page.author),
    (("date", "published", "updated"), lambda page: page.published.isoformat()),
    (("url", "link", "href"), lambda page: page.url),
    (("site", "company", "brand", "publisher", "organization"), lambda page: page.site),
    (("image", "logo", "photo"), lambda page: f"https://www.{page.host}/images/cover.jpg"),
    (("email",), lambda page: f"hello@{page.host}"),
    (("currency",), lambda page: "USD"),
    (("price", "cost", "amount"), lambda page: page.seeded.integer(900, 24_900, "price") / 100),
    (("rating", "score", "stars"), lambda page: page.seeded.integer(32, 49, "rating") / 10),
    (("count", "reviews", "total", "number", "year"), lambda page: page.seeded.integer(3, 480, "count")),
    (("description", "summary", "abstract"), lambda page: page.description),
    (("topic", "category", "subject", "tag"), lambda page: page.topic),
    (("name", "product"), lambda page: page.title),
)


def filled(page: Page, schema: Any, name: str = "", depth: int = 0) -> Any:
    """Return what a JSON Schema, or an object whose values are types or descriptions, asks for about the page."""
    if not isinstance(schema, Mapping):
        return (
            filled(page, schema[0], name, depth + 1)
            if isinstance(schema, list) and schema
            else _leaf(page, schema, name)
        )
    if depth >= _DEEPEST:
        return None
    kind = schema.get("type")
    kind = next((each for each in kind if each != "null"), "null") if isinstance(kind, list) and kind else kind
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        return page.seeded.choice(schema["enum"], "option", name)
    if kind == "array":
        return _items(page, schema.get("items"), name, depth)
    if isinstance(schema.get("properties"), Mapping):
        return _object(page, schema["properties"], depth)
    if isinstance(kind, str) and kind in _TYPES:
        return {} if kind == "object" else _leaf(page, kind, name)
    return _object(page, schema, depth)


def _object(page: Page, fields: Mapping[str, Any], depth: int) -> dict[str, Any]:
    return {name: filled(page, part, name, depth + 1) for name, part in list(fields.items())[:_FIELDS]}


def _items(page: Page, each: Any, name: str, depth: int) -> list[Any]:
    """Return an entry for each of the first pages that this one links to: an article, a product, a link."""
    return [
        filled(other, each if each is not None else "string", name.removesuffix("s"), depth + 1)
        for other in page.links[:_ITEMS]
    ]


def _leaf(page: Page, kind: Any, name: str) -> Any:
    value = next((value(page) for keys, value in _BY_NAME if any(key in name.lower() for key in keys)), None)
    if kind in ("number", "integer"):
        number = value if isinstance(value, int | float) else page.seeded.integer(1, 480, "number", name)
        return round(number) if kind == "integer" else number
    if kind == "boolean":
        return bool(page.seeded.integer(0, 1, "flag", name))
    if kind == "null":
        return None
    return str(value) if value is not None else page.sections[0][1][0]


def products(page: Page, count: int) -> list[tuple[str, float]]:
    """Return products about the topic of a page, with their prices in US dollars."""
    kinds = page.seeded.sample(words("pages")["products"], min(count, 8), "products")
    return [(f"{page.topic.title()} {kind}", page.seeded.integer(900, 24_900, "price", kind) / 100) for kind in kinds]
