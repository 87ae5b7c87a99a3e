"""Summaries of journal entries, as the feed sends them. They are made for every entry, so speed matters."""

from typing import Any

from mockserver.core.journal import JournalEntry
from mockserver.core.masking import Masking, masked_account

_MAX_CACHED = 4_096


class Summaries:
    """Makes summaries with the credentials in them masked."""

    def __init__(self, masking: Masking) -> None:
        self._masking = masking
        self._texts: dict[tuple[str, str | None], str] = {}
        self._accounts: dict[str, str] = {}

    def of(self, entry: JournalEntry) -> dict[str, Any]:
        """Return the summary of an entry. Fields without a value are None. Times are milliseconds."""
        summary: dict[str, Any] = {"offset": entry.serial, "kind": entry.kind, "at": entry.at}
        if entry.number:
            summary["number"] = entry.number
        account, path = entry.account, entry.path
        summary["provider"] = entry.provider
        summary["operation"] = entry.operation
        summary["method"] = entry.method
        summary["status"] = entry.status
        summary["job"] = entry.job
        summary["rule"] = entry.rule
        summary["cause"] = entry.cause
        summary["account"] = None if account is None else self._accounts.get(account) or self._account(account)
        summary["path"] = None if path is None else self._texts.get((path, account)) or self._text(path, entry)
        if entry.note is not None:
            summary["note"] = self._text(entry.note, entry)
        if entry.detail is not None:
            summary.update({name: value for name, value in entry.detail.items() if name != "chunks"})
        self._add_outcome(entry, summary)
        return summary

    def _add_outcome(self, entry: JournalEntry, summary: dict[str, Any]) -> None:
        if entry.deviations:
            summary["deviations"] = len(entry.deviations)
        if entry.delivered != "whole":
            summary["delivered"] = entry.delivered
        duration = entry.written_at - entry.at if entry.real is None else entry.real[1] - entry.real[0]
        if duration and entry.kind != "transition":
            summary["ms"] = duration

    def _account(self, account: str) -> str:
        if len(self._accounts) >= _MAX_CACHED:
            self._accounts.clear()
        text = self._accounts[account] = masked_account(account)
        return text

    def _text(self, text: str, entry: JournalEntry) -> str:
        # The same path of the same account, such as that of a poll, is masked once.
        key = (text, entry.account)
        masked = self._texts.get(key)
        if masked is None:
            if len(self._texts) >= _MAX_CACHED:
                self._texts.clear()
            masked = self._texts[key] = self._masking.of_request(entry.account, entry.headers).text(text)
        return masked
