"""Summaries of journal entries, as the feed sends them. They are made for every entry, so speed matters."""

from typing import Any

from mockserver.core.journal import JournalEntry
from mockserver.core.masked_texts import MaskedTexts
from mockserver.core.masking import Masking


class Summaries:
    """Makes summaries with the credentials in them masked."""

    def __init__(self, masking: Masking) -> None:
        self._texts = MaskedTexts(masking)

    def of(self, entry: JournalEntry) -> dict[str, Any]:
        """Return the summary of an entry. Fields without a value are left out. Times are milliseconds."""
        summary: dict[str, Any] = {"offset": entry.serial, "kind": entry.kind, "at": entry.at}
        if entry.number:
            summary["number"] = entry.number
        account, path = entry.account, entry.path
        if entry.provider is not None:
            summary["provider"] = entry.provider
        if entry.operation is not None:
            summary["operation"] = entry.operation
        if entry.method is not None:
            summary["method"] = entry.method
        if entry.status is not None:
            summary["status"] = entry.status
        if entry.job is not None:
            summary["job"] = entry.job
        if account is not None:
            summary["account"] = self._texts.account(account)
        if path is not None:
            summary["path"] = self._texts.of(path, entry)
        self._add_reasons(entry, summary)
        if entry.detail is not None:
            summary.update({name: value for name, value in entry.detail.items() if name != "chunks"})
        self._add_outcome(entry, summary)
        return summary

    def _add_reasons(self, entry: JournalEntry, summary: dict[str, Any]) -> None:
        if entry.rule is not None:
            summary["rule"] = entry.rule
        if entry.fault is not None:
            summary["fault"] = entry.fault
        if entry.cause is not None:
            summary["cause"] = entry.cause
        if entry.note is not None:
            summary["note"] = self._texts.of(entry.note, entry)
        if entry.deviations:
            summary["deviations"] = [self._texts.of(each, entry) for each in entry.deviations]

    def _add_outcome(self, entry: JournalEntry, summary: dict[str, Any]) -> None:
        if entry.delivered != "whole":
            summary["delivered"] = entry.delivered
        duration = entry.written_at - entry.at if entry.real is None else entry.real[1] - entry.real[0]
        if duration and entry.kind != "transition":
            summary["ms"] = duration
        if entry.real is not None:
            # The machine's time at the start, where the sandbox has another clock.
            summary["began"] = entry.real[0]
