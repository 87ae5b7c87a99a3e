"""The results of sweeps on disk, outside of the user's files: for `--resume`, for `prove`, and for the report."""

import json
import os
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from mockserver.sweep.judging import RED, Result


class Saved(NamedTuple):
    """What the file of a sweep has: the plan of the last sweep, the results by cell, and an error that ended it.

    `red` has the last failure of each cell that has ever failed.
    """

    plan: dict[str, Any]
    results: dict[str, Result]
    error: str = ""
    red: dict[str, Result] = {}  # noqa: RUF012 (a field of a tuple)


def default_path(folder: Path, command: Sequence[str]) -> Path:
    """Return the file for the sweeps of a command in a folder, in the user's cache directory."""
    key = blake2b(json.dumps([str(folder.resolve()), *command]).encode(), digest_size=10).hexdigest()
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "mockserver" / "sweeps" / f"{key}.jsonl"


class StateFile:
    """A file of JSON lines. Each line is written whole, so that an interrupted sweep loses at most its last result."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Saved:
        """Return what the file has. A missing file and an incomplete last line have nothing."""
        plan: dict[str, Any] = {}
        results: dict[str, Result] = {}
        red: dict[str, Result] = {}
        error = ""
        for line in self._lines():
            if line.get("kind") == "plan":
                plan, error = line, ""
            elif line.get("kind") == "error":
                error = str(line["message"])
            elif line.get("kind") == "result":
                tests = tuple(line.get("tests", ()))
                result = Result(line["cell"], line["status"], tuple(line["reasons"]), float(line["seconds"]), tests)
                results[result.cell] = result
                if result.status in RED:
                    red[result.cell] = result
        return Saved(plan, results, error, red)

    def _lines(self) -> list[dict[str, Any]]:
        try:
            text = self._path.read_text("utf-8")
        except FileNotFoundError:
            return []
        found = []
        for line in text.splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return found

    def clear(self) -> None:
        """Begin a new file."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text("", "utf-8")

    def append(self, kind: str, data: dict[str, Any]) -> None:
        """Add a line."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"kind": kind, **data}) + "\n")
