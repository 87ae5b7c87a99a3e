"""Masks credentials in everything that is shown: enough is left to distinguish them, never all of it.

A credential is found in three ways: by the name that it has (a header, a parameter, a field), by its value if that was
accepted as a credential, and by its form, such as the user and password in a URL. What is kept is not changed; masking
happens when something is shown.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any
from urllib.parse import quote, unquote

# Shorter values are only masked where their name says what they are: elsewhere they are usually something else.
SHORTEST = 8

# The endings of names, without their separators, that mean a credential: `X-Goog-Api-Key`, `clientSecret`.
_ENDINGS = (
    "accesskey", "accesskeyid", "apikey", "authkey", "authorization", "bearer", "codeverifier", "cookie", "credential",
    "passphrase", "passwd", "password", "privatekey", "secret", "secretkey", "sessionid", "sessionkey", "signature",
    "signingkey", "subscriptionkey", "token",
)  # fmt: skip
_PLURALS = ("credentials", "passwords", "secrets", "tokens", "apikeys", "cookies")
_NAMES = ("auth", "clients", "jwt", "key", "pass", "passwd", "pwd", "sid", "sig")
# Headers whose last word is `key`, which are not credentials.
_HARMLESS_KEYS = ("idempotencykey", "cachekey", "surrogatekey", "secwebsocketkey", "publickey", "routingkey")

# What a scenario's `signature` can be, which is no credential.
_SIGNATURES = ("valid", "wrong", "wrong_key", "stale", "missing")

_MASKED = re.compile(r".{0,6}\.\.\.[0-9a-f]{6}", re.DOTALL)
_USERINFO = re.compile(r"(:(?:\\?/){2})([^\s/?#@\"'<>\\]+)(?=@)")
_PAIR = re.compile(r"(?<![\w.%-])([A-Za-z][\w.%\[\]-]{0,63})=([^&\s\"'<>#;,\\]+)")
_WORD = re.compile(r"[^\s&\"'<>=\\]+")
_ENCODED = ("%3A%2F%2F", "%3D")
_SCHEME = re.compile(r"\b(Bearer|Basic)(\s+)([\w.~+/=-]{8,})", re.IGNORECASE)
_JSON_NAME = re.compile(r"(?<!\\)(\\*)\"([^\"\\]{1,80})\1\"\s*:\s*(?=[\\\"\[{])")
_JSON_STRING = re.compile(r"\"((?:[^\"\\]|\\.)*)(\"|$)", re.DOTALL)
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
_COLON = re.compile(r"\s*:")
_COOKIE = re.compile(r"(?<![^;\s])([^=;\s]+=)([^;]*)")
_ACCOUNT_PATH = re.compile(r"(/_mock/accounts/)([^/?#\s]+)")
# Forms that well-known services give their keys: JSON Web Tokens, Stripe, AWS, Google, GitHub, webhook secrets.
_FORMS = re.compile(
    r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|\b(?:[sprk]k|whsec)[_-][\w-]{12,}|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|\bAIza[\w-]{30,}|\bgh[pousr]_\w{20,}"
)


def masked(key: str) -> str:
    """Return the first characters of a credential and a short hash of all of it. The same key gives the same text.

    A text that is masked already stays as it is, so that the keys of a bundle look the same when they are shown.
    """
    if _MASKED.fullmatch(key):
        return key
    # An escape sequence of JSON or of a URL must not be cut in two.
    start = re.split(r"[\\%]", key[: min(6, len(key) // 2)])[0]
    return f"{start}...{blake2b(key.encode('utf-8', 'surrogatepass'), digest_size=3).hexdigest()}"


def masked_account(account: str) -> str:
    """Return an account's id, `provider:key`, with the key masked."""
    provider, _, key = account.partition(":")
    return f"{provider}:{masked(key)}"


class Masking:
    """The masking of one server, or of one output of it.

    `names` are more names of credentials, such as the headers of a provider. `values` are credentials that were
    accepted, such as the key of the account whose request is shown.
    """

    def __init__(self, names: Iterable[str] = (), values: Iterable[str] = ()) -> None:
        self._names = frozenset(map(_plain, names))
        known = {value for value in values if len(value) >= SHORTEST}
        forms = {form for value in known for form in (value, quote(value, safe=""), json.dumps(value)[1:-1])}
        # The longest first, because one value can begin with another.
        self._values = sorted(forms, key=len, reverse=True)

    def hiding(self, *values: str) -> "Masking":
        """Return a masking that hides these credentials too."""
        more = Masking((), (*values, *self._values))
        more._names = self._names
        return more

    def is_secret(self, name: str) -> bool:
        """Return true for the name of a parameter or a field that is a credential."""
        return _is_secret(name) or _plain(name) in self._names

    def is_secret_header(self, name: str) -> bool:
        """Return true for the name of a header that is a credential. A signature of a body is none."""
        plain = _plain(name)
        if plain in self._names or (plain.endswith("key") and plain not in _HARMLESS_KEYS):
            return True
        return not plain.endswith("signature") and _is_secret(name)

    def text(self, text: str, depth: int = 2) -> str:
        """Return a text, such as a URL or a body, with the credentials in it masked."""
        for value in self._values:
            if value in text:
                text = text.replace(value, masked(value))
        if '"' in text and ":" in text:
            text = self._json(text)
        if "/" in text:
            text = _ACCOUNT_PATH.sub(_second, _USERINFO.sub(_second, text))
        if "=" in text:
            text = _PAIR.sub(self._pair, text)
        if depth and "%" in text:
            text = _WORD.sub(lambda match: self._encoded(match[0], depth - 1), text)
        text = _SCHEME.sub(lambda match: f"{match[1]}{match[2]}{_once(match[3])}", text)
        return _FORMS.sub(lambda match: masked(match[0]), text)

    def condition(self, text: str) -> str:
        """Return the text of a condition, such as `header.x-api-key equals 'sk_1'`, with its values masked."""
        place, _, test = text.partition(" ")
        head, _, name = place.partition(".")
        secret = self.is_secret_header(name) if head == "header" else self.is_secret(place)
        return f"{place} {_QUOTED.sub(_quoted, test)}" if secret and name else self.text(text)

    def of_request(self, account: str | None, headers: Iterable[tuple[str, str]]) -> "Masking":
        """Return a masking that also hides the credentials of a request wherever else it has them."""
        sent = [value.rpartition(" ")[2] for name, value in headers if self.is_secret_header(name)]
        return self.hiding(*sent, *((account.partition(":")[2],) if account else ()))

    def headers(self, headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return header fields with the credentials in them masked."""
        return [(name, self._header(name.lower(), value)) for name, value in headers]

    def data(self, data: Any) -> Any:
        """Return JSON data with the credentials in it masked."""
        if isinstance(data, str):
            return self.text(data)
        if isinstance(data, Mapping):
            return {name: self._field(name, value) for name, value in data.items()}
        if isinstance(data, list | tuple):
            return [self.data(each) for each in data]
        return data

    def _field(self, name: Any, value: Any) -> Any:
        if isinstance(value, str) and value in _SIGNATURES:
            return value
        return _strings_masked(value) if isinstance(name, str) and self.is_secret(name) else self.data(value)

    def _header(self, name: str, value: str) -> str:
        if name in ("cookie", "set-cookie"):
            # The attributes of a cookie that is set are no credentials.
            return _COOKIE.sub(_second, value, count=name == "set-cookie") if "=" in value else _once(value)
        if not self.is_secret_header(name):
            return self.text(value)
        scheme, space, token = value.partition(" ")
        return f"{scheme} {_once(token)}" if space else _once(value)

    def _pair(self, match: re.Match[str]) -> str:
        name, value = match[1], match[2]
        if self.is_secret(unquote(name)) or (name == "code" and len(value) >= SHORTEST):
            return f"{name}={_once(value)}"
        return match[0]

    def _encoded(self, text: str, depth: int) -> str:
        """Mask what is encoded in a parameter, such as a signed URL."""
        if not any(each in text.upper() for each in _ENCODED):
            return text
        plain = unquote(text)
        hidden = self.text(plain, depth)
        return text if hidden == plain else quote(hidden, safe="")

    def _json(self, text: str) -> str:
        """Mask the strings below secret names in JSON, which may be cut off, or be a string in JSON itself."""
        parts, end = [], 0
        for match in _JSON_NAME.finditer(text):
            if match.start() >= end and self.is_secret(match[2]):
                after = _end_of_value(text, match.end(), match[1])
                parts += [text[end : match.end()], _json_masked(text[match.end() : after], match[1])]
                end = after
        return "".join((*parts, text[end:])) if parts else text


def secrets_in(data: Any) -> Iterator[str]:
    """Yield the strings in JSON data that their names say are credentials, such as those of a scenario."""
    if isinstance(data, Mapping):
        for name, value in data.items():
            yield from _strings(value) if isinstance(name, str) and _is_secret(name) else secrets_in(value)
    elif isinstance(data, list | tuple):
        for each in data:
            yield from secrets_in(each)


@lru_cache(4_096)
def _is_secret(name: str) -> bool:
    # Only the last part of `account.key` or `auth[token]` says what it is.
    plain = _plain(name)
    return plain.endswith(_ENDINGS) or plain.endswith(_PLURALS) or _plain(re.split(r"[.\[]", name)[-1]) in _NAMES


@lru_cache(4_096)
def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _once(value: str) -> str:
    """Mask a value, unless it is masked already, blank or a number."""
    return value if not value.strip() or value.replace(".", "", 1).isdigit() else masked(value)


def _second(match: re.Match[str]) -> str:
    return f"{match[1]}{_once(match[2])}"


def _quoted(match: re.Match[str]) -> str:
    return repr(_shown(match[1] or match[2] or ""))


def _strings(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping | list | tuple):
        for each in data.values() if isinstance(data, Mapping) else data:
            yield from _strings(each)


def _strings_masked(data: Any) -> Any:
    if isinstance(data, str):
        # A pattern for keys, as in a scenario, is not a key.
        return data if "*" in data else _once(data)
    if isinstance(data, Mapping):
        return {name: _strings_masked(value) for name, value in data.items()}
    return [_strings_masked(each) for each in data] if isinstance(data, list | tuple) else data


def _end_of_value(text: str, start: int, escape: str) -> int:
    """Return where the JSON value that begins at `start` ends; `escape` are the backslashes before its quotes."""
    if text[start] not in "[{":
        return _end_of_string(text, start, escape)
    depth, at = 0, start
    while at < len(text):
        if text.startswith(f'{escape}"', at):
            at = _end_of_string(text, at, escape)
            continue
        depth += (text[at] in "[{") - (text[at] in "]}")
        at += 1
        if not depth:
            return at
    return at


def _end_of_string(text: str, start: int, escape: str) -> int:
    if not escape:
        match = _JSON_STRING.match(text, start)
        return match.end() if match is not None else len(text)
    end = text.find(f'{escape}"', start + len(escape) + 1)
    return len(text) if end < 0 else end + len(escape) + 1


def _json_masked(value: str, escape: str) -> str:
    """Mask all strings of a JSON value, and none of its names."""
    delimiter, parts, at = f'{escape}"', [], 0
    while (start := value.find(delimiter, at)) >= 0:
        end = _end_of_string(value, start, escape)
        inner = value[start + len(delimiter) : end]
        closing = delimiter if inner.endswith(delimiter) else ""
        is_name = _COLON.match(value, end) is not None
        text = inner.removesuffix(delimiter)
        parts += [value[at:start], delimiter, text if is_name else _shown(text), closing]
        at = end
    return "".join((*parts, value[at:]))


def _shown(value: str) -> str:
    return value if "*" in value else _once(value)
