"""How much is kept of what clients and receivers send.

A text that is too long is cut where it is stored: its beginning stays, with its length and a digest of all of it.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

Headers = Sequence[tuple[str, str]]

# Characters of a path, a query, a note and a header's value, of all headers together, and of a text in a job's request.
KEPT_TEXT = 1_024
KEPT_HEADERS = 8_192
KEPT_VALUE = 16_384
# The number of headers.
MOST_HEADERS = 64
# Characters of an API key. A longer one is kept as its beginning and a digest.
KEPT_KEY = 256
_KEY_START = 192


def shortened(text: str, most: int) -> str:
    """Return a text of at most `most` characters as it is, and a longer one cut, with its length and a digest."""
    if len(text) <= most:
        return text
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    end = f"... ({len(text)} characters, blake2b {digest})"
    return text[: most - len(end)] + end


def kept_key(key: str) -> str:
    """Return an API key as it is stored: above 256 characters its beginning and a digest of all of it."""
    if len(key) <= KEPT_KEY:
        return key
    return f"{key[:_KEY_START]}~{blake2b(key.encode('utf-8', 'surrogatepass'), digest_size=16).hexdigest()}"


def kept_headers(headers: Headers) -> Headers:
    """Return the headers with long values cut, as many as are kept, and how many more there were."""
    kept, room = [], KEPT_HEADERS
    for name, value in headers[:MOST_HEADERS]:
        short = (shortened(name, 200), shortened(value, KEPT_TEXT))
        room -= len(short[0]) + len(short[1])
        if room < 0:
            break
        kept.append(short)
    if len(kept) < len(headers):
        kept.append(("...", f"{len(headers) - len(kept)} more headers"))
    return kept


def kept_data(value: Any) -> Any:
    """Return JSON data with long texts cut."""
    if isinstance(value, str):
        return shortened(value, KEPT_VALUE)
    if isinstance(value, Mapping):
        return {name: kept_data(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(kept_data, value))
    return value
