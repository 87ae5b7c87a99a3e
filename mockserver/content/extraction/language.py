# ruff: noqa: RUF001 — marks of other scripts are meant.
"""The language of a text: the one it asks for, or the one it is written in (FACTS section 6)."""

import re
import unicodedata
from collections import Counter

from mockserver.content.extraction.words import callings, common, function_words, words
from mockserver.content.locales import CODES

UNKNOWN = "unknown"
_WITHOUT_SPACES = ("zh", "zh-TW", "ja", "ko")
_LATIN = ("en", "de", "fr", "es", "pt")
_IN = re.compile(r"(?i)\b(?:in|into|auf|en|em|to|на)\W+(?:the\W+)?$|[用以成为為]$")
_QUESTION = re.compile(r"(?:^|(?<=[.。!:：?？؟\n]))[^.。!:：?？؟\n]*[?？؟]")
_BRACED = re.compile(r"\{[^{}]*\}|\[[^\[\]]*\]|\"[^\"]*\"")
_WORD = re.compile(r"[^\W\d_]+")
_LATIN_WORD = re.compile(r"[A-Za-zÀ-ɏ]+")
_TELLING = 4  # letters of a word that tells that a text is in some language


def languages_of(prompt: str) -> tuple[str, str]:
    """Return the codes of the language of a prompt and of the answer. They can be of languages without words here."""
    own = _BRACED.sub(" ", prompt)
    written = written_in(own) or _of_keys(prompt) or _unknown(own)
    outside = _QUESTION.sub(" ", prompt)
    for found in callings().find(outside):
        if _IN.search(outside[: found.start]) or outside[found.end : found.end + 1] == "で":
            return written, found.key
    return written, written


def written_in(text: str) -> str | None:
    """Return the code of the language that a text is written in; None if no word tells it.

    A language without words here has another code: that of the language, a script, or `unknown`.
    """
    scripts = Counter(unicodedata.name(char, "").split(" ")[0] for char in text if char.isalpha())
    latin = scripts.pop("LATIN", 0)
    (script, count), *_ = scripts.most_common(1) or [("", 0)]
    in_latin = _in_latin(text) if latin else None
    # A name in another script does not decide: "Does it show 東京?"
    if not count or (count < len(_LATIN_WORD.findall(text)) and in_latin not in (None, UNKNOWN)):
        return in_latin
    if scripts["HIRAGANA"] + scripts["KATAKANA"]:
        return "ja"
    if script == "CJK":
        return _chinese(text)
    letters = text.lower()
    if script == "CYRILLIC":
        foreign = any("CYRILLIC" in unicodedata.name(char, "") for char in set(letters) - set(common()["cyrillic"]))
        return UNKNOWN if foreign else _nearest(text, ("ru",)) or "ru"
    if script == "ARABIC":
        return UNKNOWN if set(common()["not_arabic"]) & set(letters) else _nearest(text, ("ar",)) or "ar"
    return "ko" if script == "HANGUL" else script.lower()


def _in_latin(text: str) -> str | None:
    tokens, letters = _WORD.findall(unicodedata.normalize("NFC", text).lower()), common()["latin"]
    foreign = [token for token in tokens if any("\x7f" < c < "\u2000" and c not in letters for c in token)]
    return _nearest(text, _LATIN, len(foreign))


def _of_keys(prompt: str) -> str | None:
    """Return the language of the keys of a template, if it is one with words here that has a word for a key."""
    code = written_in(prompt)
    return code if code in CODES and (code in _WITHOUT_SPACES or words(code).own.find(prompt)) else None


def _unknown(text: str) -> str:
    """Return the language of a text none of whose words is known: English, if it is hardly a text."""
    words = {token for token in _WORD.findall(text.lower()) if len(token) >= _TELLING}
    return UNKNOWN if len(words) > 1 else "en"


def _nearest(text: str, codes: tuple[str, ...], foreign: int = 0) -> str | None:
    """Return the language with the most words of a text, of those with `codes` if there are two; None if it has none.

    `foreign` is how many words have letters that none of these has.
    """
    tokens = _WORD.findall(text.lower())
    counted = {code: sum(token in function for token in tokens) for code, function in function_words().items()}
    known = {code: len(words(code).own.find(text)) for code in codes}
    best = max(codes, key=lambda code: (counted[code] + known[code], counted[code]))
    other = max((counted[code], code) for code in counted if code not in codes and counted[code] >= 0)
    if max(other[0], foreign) > max(counted[best], known[best] - 1):
        return other[1] if other[0] >= foreign else UNKNOWN
    return best if counted[best] + known[best] else None


def _chinese(text: str) -> str:
    simplified, traditional = common()["simplified"], common()["traditional"]
    return "zh-TW" if sum((char in traditional) - (char in simplified) for char in text) > 0 else "zh"
