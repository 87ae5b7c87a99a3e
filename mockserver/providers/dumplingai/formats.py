"""Which videos DumplingAI takes (FACTS section 5, formats), by what a URL or the first bytes of a file give away."""

import re
from urllib.parse import urlsplit

SUPPORTED = ("mp4", "mpeg", "mov", "avi", "flv", "mpg", "webm", "wmv", "3gpp")

# Files in the last of the formats are mostly called .3gp.
ENDINGS = (*SUPPORTED, "3gp")
_ENDING = re.compile(r"\.([A-Za-z0-9]{1,8})\Z")


def ending(url: str) -> str | None:
    """The ending of the file that a URL's path names, in lower case; None when it shows none. Raises ValueError."""
    found = _ENDING.search(urlsplit(url).path.rpartition("/")[2])
    return found[1].lower() if found else None


def is_supported(ending: str | None) -> bool:
    """False when an ending is that of no supported format; without one there is no telling before it is fetched."""
    return ending is None or ending in ENDINGS
