"""Masks the credentials in texts of journal entries. It is done for every entry, so the results are kept."""

from collections.abc import Callable

from mockserver.core.journal import JournalEntry
from mockserver.core.masking import Masking, masked_account

_MAX_CACHED = 4_096


class MaskedTexts:
    """Returns masked texts. The same path of the same account, such as that of a poll, is masked once.

    Without `masking`, the entries are masked already. `form` is applied to each text.
    """

    def __init__(self, masking: Masking | None, form: Callable[[str], str] = str) -> None:
        self._masking = masking
        self._form = form
        self._texts: dict[tuple[str, str | None], str] = {}
        self._accounts: dict[str, str] = {}

    def account(self, account: str) -> str:
        """Return the name of an account with its key masked."""
        masked = self._accounts.get(account)
        if masked is None:
            if len(self._accounts) >= _MAX_CACHED:
                self._accounts.clear()
            name = account if self._masking is None else masked_account(account)
            masked = self._accounts[account] = self._form(name)
        return masked

    def of(self, text: str, entry: JournalEntry) -> str:
        """Return a text of an entry without the credentials of its request."""
        key = (text, entry.account)
        masked = self._texts.get(key)
        if masked is None:
            if len(self._texts) >= _MAX_CACHED:
                self._texts.clear()
            if self._masking is not None:
                text = self._masking.of_request(entry.account, entry.headers).text(text)
            masked = self._texts[key] = self._form(text)
        return masked
