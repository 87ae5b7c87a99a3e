"""Texts of the log that come from requests: without credentials, on one line, and harmless for a terminal."""

from mockserver.core.journal import JournalEntry
from mockserver.core.masked_texts import MaskedTexts
from mockserver.core.masking import Masking
from mockserver.core.terminal import escaped

# Characters of a path and of a note.
_MAX_TEXT = 160
_NOT_WHOLE = {
    "part": "the reply was cut off",
    "damaged": "the reply was damaged",
    "lost": "the reply was lost",
    "none": "no reply",
    "client_left": "the client left",
}


class Texts:
    """Returns texts of entries. If these are from the control API, the credentials in them are `masked` already."""

    def __init__(self, *, masked: bool = False) -> None:
        self._masked = MaskedTexts(None if masked else Masking(), one_line)

    def account(self, entry: JournalEntry) -> str | None:
        """Return the account of an entry, with its key masked."""
        return None if entry.account is None else self._masked.account(entry.account)

    def path(self, entry: JournalEntry) -> str | None:
        """Return the path of a request, or the URL of a receiver."""
        return None if entry.path is None else self._masked.of(entry.path, entry)

    def note(self, entry: JournalEntry) -> str | None:
        """Return the note of an entry."""
        note = entry.note
        if note is None:
            return None
        if entry.kind == "delivery" and entry.status is not None:
            note = note.replace(": response", ": delivered" if 200 <= entry.status < 300 else ": failed", 1)
        elif entry.kind == "control" and entry.provider is not None:
            note = f"{entry.provider}: {note}"
        return self._masked.of(note, entry)

    def outcome(self, entry: JournalEntry) -> str | None:
        """Return what happened to the reply of a request, or why the request was refused."""
        if entry.delivered == "whole" or (entry.note is not None and entry.fault is None):
            return self.note(entry)
        return _NOT_WHOLE[entry.delivered]

    def deviations(self, entry: JournalEntry) -> str | None:
        """Return the first deviation of a request, and how many more there are."""
        if not entry.deviations:
            return None
        more = f" and {len(entry.deviations) - 1} more" if len(entry.deviations) > 1 else ""
        return self._masked.of(entry.deviations[0], entry) + more


def one_line(text: str) -> str:
    """Return a text of limited length, without characters that a terminal would obey."""
    return escaped(text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 3] + "...")
