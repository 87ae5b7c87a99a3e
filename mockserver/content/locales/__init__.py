"""The languages that the simulated AI writes, each in a module of its own that is loaded when first asked for."""

from functools import cache
from importlib import import_module

from mockserver.content.locales.phrases import Locale

CODES = ("en", "zh", "zh-TW", "ja", "ko", "es", "fr", "de", "pt", "ru", "ar")
_TRADITIONAL = frozenset({"zh-tw", "zh-hk", "zh-mo", "zh-hant"})


@cache
def locale(code: str) -> Locale:
    """The phrases of one of `CODES`; raises KeyError for any other."""
    if code not in CODES:
        raise KeyError(code)
    module = import_module(f"mockserver.content.locales.{code.replace('-', '_').lower()}")
    found: Locale = module.LOCALE
    return found


def nearest(language: str) -> str:
    """The one of `CODES` that serves a language tag: `pt-BR` gives `pt`, `zh-Hant-HK` `zh-TW`, an unknown one `en`."""
    if language in CODES:
        return language
    tag = language[:35].strip().replace("_", "-").lower()
    if any(tag == t or tag.startswith(t + "-") for t in _TRADITIONAL):
        return "zh-TW"
    primary = tag.partition("-")[0]
    return primary if primary in CODES else "en"
