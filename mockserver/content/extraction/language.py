# ruff: noqa: RUF001 — letters of other scripts are meant.
"""The language of a prompt: the one it asks for, or the one it is written in."""

import re

from mockserver.content.extraction.words import callings, function_words, words
from mockserver.content.locales import CODES

_SCRIPTS = (
    (r"[\u3040-\u30ff]", "ja"), (r"[\uac00-\ud7af]", "ko"), (r"[\u3400-\u9fff]", "zh"), (r"[\u0400-\u04ff]", "ru"),
    (r"[\u0600-\u06ff]", "ar"),
)  # fmt: skip
# Characters that only simplified and only traditional Chinese has.
_SIMPLIFIED = frozenset(
    "这个们说时间视频为来对会动现发问题语头开见门图颜还请回类写关键个张结构产内应该让与数几吗绪话实"
)
_TRADITIONAL = frozenset("這個們說時間視頻為來對會動現發問題語頭開見門圖顏還請類寫關鍵張結構產內應該讓與數幾嗎緒話實")
_LATIN = tuple(code for code in CODES if code not in ("zh", "zh-TW", "ja", "ko", "ru", "ar"))
_IN = re.compile(r"(?i)\b(?:in|into|auf|en|em|to|на)\W+(?:the\W+)?$|[用以]$")
_QUESTION = re.compile(r"(?:^|(?<=[.。!:：?？؟\n]))[^.。!:：?？؟\n]*[?？؟]")
_BRACED = re.compile(r"\{[^{}]*\}|\[[^\[\]]*\]|\"[^\"]*\"")


def languages_of(prompt: str) -> tuple[str, str]:
    """Return the codes of the language of a prompt and of the answer. They can be of languages without phrases."""
    own = _BRACED.sub(" ", prompt)
    written = _written_in(own) or _written_in(prompt) or "en"
    outside = _QUESTION.sub(" ", prompt)
    for found in callings().find(outside):
        if _IN.search(outside[: found.start]) or outside[found.end : found.end + 1] == "で":
            return written, found.key
    return written, written


def _written_in(text: str) -> str | None:
    for script, code in _SCRIPTS:
        if re.search(script, text):
            return _chinese(text) if code == "zh" else code
    tokens = re.findall(r"[^\W\d_]+", text.lower())
    scores = {code: sum(token in function for token in tokens) for code, function in function_words().items()}
    best = max(scores, key=scores.__getitem__)
    if scores[best] == 0:
        scores = {code: len(words(code).own.find(text)) for code in _LATIN}
        best = max(scores, key=scores.__getitem__)
    return None if scores[best] == 0 else "en" if scores["en"] == scores[best] else best


def _chinese(text: str) -> str:
    simplified, traditional = _SIMPLIFIED - _TRADITIONAL, _TRADITIONAL - _SIMPLIFIED
    return "zh-TW" if sum((char in traditional) - (char in simplified) for char in text) > 0 else "zh"
