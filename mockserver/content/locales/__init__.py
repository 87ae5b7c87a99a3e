"""The languages that the simulated AI writes: a JSON file each, which is read and checked when first asked for.

To add a language, copy `en.json` to a file named for its code, say everything in it anew, and name the code in `CODES`.
What a file must hold is in `phrases`.
"""

from functools import cache
from pathlib import Path

from mockserver.content.locales.phrases import Locale, read

CODES = ("en", "zh", "zh-TW", "ja", "ko", "es", "fr", "de", "pt", "ru", "ar")
_FOLDER = Path(__file__).parent
_TRADITIONAL = frozenset({"zh-tw", "zh-hk", "zh-mo", "zh-hant"})


@cache
def locale(code: str) -> Locale:
    """The phrases of one of `CODES`; raises KeyError for any other, and ValueError where its file is not right."""
    if code not in CODES:
        raise KeyError(code)
    return read(_FOLDER / f"{code}.json")


def nearest(language: str) -> str:
    """The one of `CODES` that serves a language tag: `pt-BR` gives `pt`, `zh-Hant-HK` `zh-TW`, an unknown one `en`."""
    if language in CODES:
        return language
    tag = language[:35].strip().replace("_", "-").lower()
    if any(tag == t or tag.startswith(t + "-") for t in _TRADITIONAL):
        return "zh-TW"
    primary = tag.partition("-")[0]
    return primary if primary in CODES else "en"
