"""Texts that are safe to print on a terminal."""


def escaped(text: str, keep: str = "") -> str:
    """Return the text with escape sequences such as `\\x1b` for characters that are not printable.

    A terminal would obey these characters, or not show them. Those in `keep` are left as they are.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each in keep else ascii(each)[1:-1] for each in text)
