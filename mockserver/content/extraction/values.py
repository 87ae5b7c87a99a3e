"""The values of the fields that a prompt names, for one video."""

from collections.abc import Callable

from mockserver.content.extraction.fields import Fields
from mockserver.content.extraction.footage import Footage, Row
from mockserver.content.extraction.sections import SECTIONS

# Keys that show that the fields are about products, or about speech.
_PRODUCT_KEYS = frozenset(("price", "brand", "sku", "cost", "manufacturer", "product", "products", "items", "brands"))
_OF_SPEECH = frozenset(("quote", "quotes", "speaker", "speakers", "line", "people"))
# Parts of a key that name the owner of a field, not the field: "product_price" is a price.
_OWNERS = frozenset(("product", "item", "event", "scene", "shot", "video", "step", "moment", "chapter"))
_VAGUE = frozenset(("name", "title", "text", "time", "label", "value"))
_NUMBERS = frozenset(("count", "number", "total", "num"))

_PLAIN: dict[str, Callable[[Footage], object]] = {
    "description": Footage.summary,
    "name": lambda footage: footage.story.title,
    "speaker": lambda footage: footage.speakers()[0],
    "speakers": Footage.speakers,
    "names": Footage.speakers,
    "people": Footage.speakers,
    "transcript": lambda footage: " ".join(str(line["text"]) for line in footage.transcript()),
    "sentiment": lambda footage: footage.sentiment()["overall"],
    "mood": lambda footage: footage.sentiment()["mood"],
    "tone": lambda footage: footage.sentiment()["mood"],
    "lighting": lambda footage: footage.style()["lighting"],
    "camera": lambda footage: footage.style()["camera"],
    "colors": lambda footage: footage.style()["dominant_colors"],
    "category": lambda footage: footage.scene.theme,
    "genre": lambda footage: footage.scene.theme,
    "music": lambda footage: footage.sound()["music"],
    "duration": lambda footage: round(footage.seconds, 1),
    "length": lambda footage: round(footage.seconds, 1),
    "seconds": lambda footage: round(footage.seconds, 1),
    "score": lambda footage: footage.sentiment()["score"],
    "rating": lambda footage: footage.sentiment()["score"],
    "confidence": lambda footage: footage.sentiment()["score"],
    "language": lambda footage: "en",
    "lang": lambda footage: "en",
}


def values(footage: Footage, fields: Fields) -> Row | list[Row]:
    """Return the values of the fields for the video or for each member of the group, as an object or an array.

    A field without a value in the video is null, or an empty array if its name is a plural.
    """
    rows = _rows(footage, fields)
    if fields.array:
        return [{key: _value(footage, key, row) for key in fields.keys} for row in rows]
    if fields.group is not None:
        return {fields.group: [{key: _value(footage, key, row) for key in fields.keys} for row in rows]}
    own = rows[0] if _PRODUCT_KEYS & _subjects(fields) else {}
    return {key: _value(footage, key, own) for key in fields.keys}


def _rows(footage: Footage, fields: Fields) -> list[Row]:
    words = {fields.group} if fields.group else _subjects(fields)
    if words & _PRODUCT_KEYS:
        return [_product(row) for row in footage.products()]
    if words & _OF_SPEECH:
        return [{**row, "text": row["quote"], "name": row["speaker"]} for row in footage.quotes()]
    if fields.group == "objects":
        return [{"name": name, "object": name, "count": 1} for name in footage.objects()]
    return [_event(row, at) for at, row in enumerate(footage.events())]


def _product(row: Row) -> Row:
    aliases = {"title": row["name"], "product": row["name"], "item": row["name"], "cost": row["price"]}
    return {**row, **aliases, "manufacturer": row["brand"], "type": row["category"], "time": row["timestamp"]}


def _event(row: Row, at: int) -> Row:
    description = row["description"]
    title = str(description).split(",")[0].split(":")[0].split(";")[0].rstrip(".")
    aliases = dict.fromkeys(("event", "action", "scene", "step", "moment", "text"), description)
    return {
        **row,
        **aliases,
        "title": title,
        "name": title,
        "timestamp": row["start"],
        "time": row["start"],
        "number": at + 1,
    }


def _value(footage: Footage, key: str, row: Row) -> object:
    parts = key.lower().split("_")
    specific = [part for part in parts if part not in _OWNERS] or parts
    for part in (key.lower(), *sorted(specific, key=_VAGUE.__contains__)):
        if part in row:
            return row[part]
    if specific[-1] in _PLAIN:
        return _PLAIN[specific[-1]](footage)
    if parts[0] in ("is", "has", "are", "was", "contains", "can"):
        return footage.seeded.bits("flag", key) % 2 == 0
    if _NUMBERS & set(parts):
        return footage.count_of(next((part for part in parts if part not in _NUMBERS and part != "of"), key))
    section = next((section for section in SECTIONS if section.match_in(" ".join(parts))), None)
    if section is not None:
        return section.content(footage)
    return [] if key.endswith("s") and not key.endswith("ss") else None


def _subjects(fields: Fields) -> set[str]:
    """Return the parts of all keys, without keys that are numbers: "product_count" is not about a product."""
    split = [key.lower().split("_") for key in fields.keys]
    return {part for parts in split if not _NUMBERS & set(parts) for part in parts}
