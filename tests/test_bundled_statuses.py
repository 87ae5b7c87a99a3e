"""Bundled scenarios are true to the providers' pages: a status that no page has is named as assumed."""

from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Any

import yaml

from mockserver.core.faults import HTTP_STATUS, Refusal
from mockserver.kit.errors import RefusalContext
from mockserver.kit.ledger import rows_of
from mockserver.kit.provider import Provider
from mockserver.providers.registry import all_providers
from mockserver.scenario.library import bundled_dir


class Assumed:
    """The statuses of a provider's errors that are assumed in the ledger."""

    def __init__(self, provider: Provider) -> None:
        self._provider, self._rows = provider, rows_of(provider)

    def of(self, rule: dict[str, Any]) -> Iterator[int]:
        """Yield the assumed statuses of a rule's fault, for each operation that it matches."""
        fault, patterns = rule["fault"], rule.get("operation", "*")
        kind = str(fault["kind"]).replace(": ", ":")
        if kind not in HTTP_STATUS and not kind.startswith(f"{self._provider.name}:"):
            return
        refusal = Refusal(kind, fault.get("message", ""), scripted=True)
        for operation in self._provider.operations:
            name = f"{self._provider.name}.{operation.name}"
            if any(fnmatch(name, each) for each in ([patterns] if isinstance(patterns, str) else patterns)):
                reply = self._provider.error_reply(refusal, RefusalContext(operation=operation))
                if self._rows[reply.ledger_rows[0]].basis == "assumed":
                    yield reply.status


def test_an_assumed_status_is_named_in_the_description():
    named, assumed = 0, [Assumed(provider) for provider in all_providers()]
    for path in bundled_dir().glob("*.yaml"):
        text = path.read_text("utf-8")
        if not any(f"kind: {kind}" in text for kind in (*HTTP_STATUS, '"')):  # quick: most have no such fault
            continue
        data = yaml.load(text, yaml.CSafeLoader)
        rules = [rule for rule in data.get("rules", ()) if "fault" in rule]
        statuses = {status for rule in rules for each in assumed for status in each.of(rule)}
        assert not statuses or "assumed" in data["description"], (path.stem, statuses)
        named += bool(statuses)
    assert named >= 10
