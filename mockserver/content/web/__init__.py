"""Made-up pages, places and videos of the web for DumplingAI: pure functions of a seed and a URL or a query.

A page follows from its URL alone, so a search that returns the URL and a scrape of it agree. The words are in the JSON
files of this package, which are read when they are first needed.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any


@cache
def words(name: str) -> dict[str, Any]:
    """Return the word lists in the file `NAME.json` of this package."""
    lists: dict[str, Any] = json.loads(Path(__file__).with_name(f"{name}.json").read_bytes())
    return lists
