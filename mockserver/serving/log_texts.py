"""Texts of the log that come from requests: without credentials, on one line, and harmless for a terminal."""

from mockserver.core.journal import JournalEntry
from mockserver.core.masking import Masking, masked_account

# Characters of a path and of a note.
_MAX_TEXT = 160
_MAX_CACHED = 4_096
_NOT_WHOLE = {
    "part": "the reply was cut off",
    "damaged": "the reply was damaged",
    "lost": "the reply was lost",
    "none": "no reply",
    "client_left": "the client left",
}


class Texts:
    """Returns texts of entries. The same path of the same account, such as that of a poll, is masked once.

    If the entries are from the control API, the credentials in them are `masked` already.
    """

    def __init__(self, *, masked: bool = False) -> None:
        self._is_masked = masked
        self._masked: dict[tuple[str, str | None], str] = {}
        self._accounts: dict[str, str] = {}

    def account(self, entry: JournalEntry) -> str | None:
        """Return the account of an entry, with its key masked."""
        if entry.account is None:
            return None
        text = self._accounts.get(entry.account)
        if text is None:
            if len(self._accounts) >= _MAX_CACHED:
                self._accounts.clear()
            text = self._accounts[entry.account] = self._masked_account(entry.account)
        return text

    def _masked_account(self, account: str) -> str:
        return one_line(account) if self._is_masked else masked_account(account)

    def path(self, entry: JournalEntry) -> str | None:
        """Return the path of a request, or the URL of a receiver."""
        return None if entry.path is None else self._hidden(entry.path, entry)

    def note(self, entry: JournalEntry) -> str | None:
        """Return the note of an entry."""
        note = entry.note
        if note is None:
            return None
        if entry.kind == "delivery" and entry.status is not None:
            note = note.replace(": response", ": delivered" if 200 <= entry.status < 300 else ": failed", 1)
        elif entry.kind == "control" and entry.provider is not None:
            note = f"{entry.provider}: {note}"
        return self._hidden(note, entry)

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
        return self._hidden(entry.deviations[0], entry) + more

    def _hidden(self, text: str, entry: JournalEntry) -> str:
        key = (text, entry.account)
        hidden = self._masked.get(key)
        if hidden is None:
            if len(self._masked) >= _MAX_CACHED:
                self._masked.clear()
            if not self._is_masked:
                text = Masking().of_request(entry.account, entry.headers).text(text)
            hidden = self._masked[key] = one_line(text)
        return hidden


def one_line(text: str) -> str:
    """Return a text of limited length, without characters that a terminal would obey."""
    text = text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 3] + "..."
    return text if text.isprintable() else "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
