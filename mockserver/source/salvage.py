"""Validates what is right in a document with errors, so that the errors in the rest of it can be reported too."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from pydantic import BaseModel
from pydantic_core import ErrorDetails, ValidationError

from mockserver.source.document import Document, SourceError
from mockserver.source.many_errors import MOST_LISTED
from mockserver.source.model_errors import explain_located
from mockserver.source.model_paths import Loc, LocatedError, keys_of, locate
from mockserver.source.model_unions import select_members
from mockserver.source.suggestions import nearest
from mockserver.source.validation import Stub

M = TypeVar("M", bound=BaseModel)

# Removing a wrong value can make the value around it wrong, up to the depth of the model.
_ROUNDS = 8
_MAX_RENAMED = 20


class Salvage:
    """The data of a document without its wrong parts. `where` returns the place in the document of a place in it."""

    def __init__(self, document: Document, stubs: Mapping[str, Stub]) -> None:
        self.errors: list[SourceError] = []
        self._document = document
        self._stubs = stubs
        self._indexes: dict[int, list[int]] = {}
        self._renamed: dict[tuple[int, str], str] = {}
        self._removed: set[Loc] = set()
        self._count = 0
        self.data = self._copied(document.data)

    def _copied(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._copied(each) for key, each in value.items()}
        if isinstance(value, list):
            items = [self._copied(each) for each in value]
            self._indexes[id(items)] = list(range(len(items)))
            return items
        return value

    def model(self, model: type[M], error: ValidationError) -> M | None:
        """Return the model of what is right, and collect the errors. None if nothing is left.

        `error` is that of validating the whole document.
        """
        for _ in range(_ROUNDS):
            details = error.errors(include_url=False)[:MOST_LISTED]
            self._take(model, details)
            if self.data is None:
                return None
            try:
                return model.model_validate(self.data)
            except ValidationError as next_error:
                error = next_error
        return None

    def where(self, loc: Sequence[str | int]) -> Loc:
        """Return the place in the document of a place in the data that is left."""
        value: Any = self.data
        place: list[str | int] = []
        for part in loc:
            inside = value
            if isinstance(value, list) and isinstance(part, int):
                indexes = self._indexes.get(id(value), ())
                place.append(indexes[part] if part < len(indexes) else part)
                inside = value[part] if part < len(value) else None
            else:
                place.append(self._renamed.get((id(value), part), part) if isinstance(part, str) else part)
                inside = value.get(part) if isinstance(value, dict) else None
            value = inside
        return tuple(place)

    def _take(self, model: type[BaseModel], details: Sequence[ErrorDetails]) -> None:
        """Explain the errors, apart from those that removing wrong values has caused, and remove their places."""
        located = select_members([locate(detail, self.data, model) for detail in details])
        placed = [(each, self.where(each.loc)) for each in located]
        own = [replace(each, loc=place) for each, place in placed if not self._is_caused(place)]
        self.errors += explain_located(own, self._document)
        self._removed |= {place for each, place in placed if each.kind not in ("extra_forbidden", "missing")}
        # The last items of a list first, so that the others keep their indexes.
        for each in sorted(located, key=lambda each: [(isinstance(p, int), p) for p in each.loc], reverse=True):
            self._repair(each)

    def _is_caused(self, place: Loc) -> bool:
        return any(removed[: len(place)] == place for removed in self._removed)

    def _repair(self, located: LocatedError) -> None:
        loc = located.loc
        if located.kind == "missing":
            key, owner = located.error["loc"][-1], self._at(loc)
            if isinstance(owner, dict) and isinstance(key, str) and key in self._stubs:
                self._count += 1
                owner.setdefault(key, self._stubs[key](self._count))
                return
            if isinstance(owner, dict) and key in owner:
                return
        if not loc:
            self.data = None
            return
        parent, last = self._at(loc[:-1]), loc[-1]
        if isinstance(parent, dict) and last in parent:
            value = parent.pop(last)
            if located.kind == "extra_forbidden" and located.owner is not None:
                self._rename(parent, str(last), value, located.owner)
        elif isinstance(parent, list) and isinstance(last, int) and last < len(parent):
            del parent[last]
            del self._indexes[id(parent)][last]

    def _rename(self, parent: dict[str, Any], key: str, value: Any, owner: type[BaseModel]) -> None:
        """Use the value of a misspelt key for the key that was probably meant."""
        meant = nearest(key, keys_of(owner)) if len(self._renamed) < _MAX_RENAMED else None
        if meant is not None and meant not in parent:
            parent[meant] = value
            self._renamed[id(parent), meant] = key

    def _at(self, loc: Loc) -> Any:
        value = self.data
        for part in loc:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return None
        return value
