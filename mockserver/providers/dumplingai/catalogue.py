"""What the Unified API offers: capabilities, endpoints and providers, with the operations that do the work."""

import json
from pathlib import Path
from typing import Any, Literal, NamedTuple

ObjectType = Literal["capability", "provider", "endpoint"]
OWN = "dumplingai"


class Entry(NamedTuple):
    """A capability, an endpoint or a provider.

    `operation` is the operation of v1 whose reply it has, or the name of one of `natives`. The first of `providers` is
    used if the request names none.
    """

    id: str
    kind: ObjectType
    name: str
    description: str
    operation: str = ""
    providers: tuple[str, ...] = ()


ENTRIES = tuple(
    Entry(**{**row, "providers": tuple(row["providers"])})
    for row in json.loads(Path(__file__).with_name("catalogue.json").read_bytes())
)
_STOP_WORDS = frozenset(
    ["about", "and", "answer", "from", "get", "need", "prompt", "such", "that", "the", "want", "with"]
)
_BY_ID: dict[tuple[str, str], Entry] = {(entry.kind, entry.id): entry for entry in ENTRIES}


def find(kind: str, name: str) -> Entry | None:
    """Return the entry of a type with an id, or None."""
    return _BY_ID.get((kind, name))


def ranked(prompt: str, kind: str | None) -> list[Entry]:
    """Return the entries of a type, or of all types, those that fit the prompt best first."""
    wanted = _words(prompt)

    def distance(entry: Entry) -> int:
        own = _words(f"{entry.id.replace('.', ' ').replace('_', ' ')} {entry.name} {entry.description}")
        return -sum(1 + len(word) // 4 for word in wanted if word in own)

    return sorted((entry for entry in ENTRIES if kind in (None, entry.kind)), key=distance)


def related(entry: Entry) -> dict[str, list[str]]:
    """Return the ids of what has to do with an entry: its providers, and what they or the same operation offer."""

    def shares(other: Entry) -> bool:
        same = bool(entry.operation) and other.operation == entry.operation
        return other.id != entry.id and (same or (entry.kind == "provider" and entry.id in other.providers))

    ids: dict[str, list[str]] = {"providers": list(entry.providers) if entry.kind != "provider" else []}
    for kind, name in (("endpoint", "endpoints"), ("capability", "capabilities")):
        ids[name] = [other.id for other in ENTRIES if other.kind == kind and shares(other)]
    return ids


def _words(text: str) -> set[str]:
    words = "".join(c if c.isalnum() else " " for c in text[:4_000].lower()).split()
    return {word.removesuffix("s") for word in words if len(word) > 2 and word not in _STOP_WORDS}


def lean(entry: Entry) -> dict[str, Any]:
    """Return what a search says about an entry. Capabilities with a choice have no provider."""
    one = {"provider": entry.providers[0]} if len(entry.providers) == 1 and entry.kind != "provider" else {}
    return {"id": entry.id, "objectType": entry.kind, "name": entry.name, "description": entry.description, **one}
