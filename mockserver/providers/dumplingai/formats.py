"""The formats of videos that DumplingAI accepts (FACTS section 5, formats)."""

import re
from urllib.parse import urlsplit

SUPPORTED = ("mp4", "mpeg", "mov", "avi", "flv", "mpg", "webm", "wmv", "3gpp")

# Files in the last of these formats usually have the extension .3gp.
ENDINGS = (*SUPPORTED, "3gp")
_ENDING = re.compile(r"\.([A-Za-z0-9]{1,8})\Z")


def ending(url: str) -> str | None:
    """Return the extension of the file in a URL's path, in lower case; None if there is none. Raises ValueError."""
    match = _ENDING.search(urlsplit(url).path.rpartition("/")[2])
    return match[1].lower() if match else None


def is_supported(ending: str | None) -> bool:
    """Return whether an extension is supported. Without an extension (None) the format is not known: True."""
    return ending is None or ending in ENDINGS
