"""The languages of the simulated AI: a JSON file for each, which is read and checked when it is first needed.

To add a language, copy `en.json` to a file named after its code, translate every phrase, and add the code to
`languages.WRITTEN`.
`phrases` defines what a file must contain.
"""

from functools import cache
from pathlib import Path

from mockserver.content.languages import WRITTEN
from mockserver.content.locales.phrases import Locale, read

CODES = WRITTEN
_FOLDER = Path(__file__).parent
_TRADITIONAL = frozenset({"zh-tw", "zh-hk", "zh-mo", "zh-hant"})


@cache
def locale(code: str) -> Locale:
    """Return the phrases of a language. Raises KeyError for an unknown code, and ValueError for an invalid file."""
    if code not in CODES:
        raise KeyError(code)
    return read(_FOLDER / f"{code}.json")


def code_for(language: str) -> str:
    """Return the code for a language tag: `pt-BR` gives `pt`, `zh-Hant-HK` gives `zh-TW`, an unknown tag `en`."""
    if language in CODES:
        return language
    tag = language[:35].strip().replace("_", "-").lower()
    if any(tag == t or tag.startswith(t + "-") for t in _TRADITIONAL):
        return "zh-TW"
    primary = tag.partition("-")[0]
    return primary if primary in CODES else "en"
