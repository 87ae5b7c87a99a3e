"""Texts in XML documents, such as JUnit reports: escaped, without the characters that XML does not allow."""

import re
from xml.sax.saxutils import escape, quoteattr

# Characters that XML 1.0 does not allow, not even escaped (section 2.2).
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def attribute(value: str) -> str:
    """Return the value of an attribute, in quotes."""
    return quoteattr(_allowed(value))


def content(value: str) -> str:
    """Return the text of an element."""
    return escape(_allowed(value))


def _allowed(value: str) -> str:
    return _FORBIDDEN.sub("\ufffd", value)
