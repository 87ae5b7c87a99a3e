"""Writes what a server knows of its providers before it loads one: `make summaries` runs this, and a test checks it."""

from pathlib import Path

from mockserver.kit.summary import Summary, summary
from mockserver.providers.registry import all_providers

_HEAD = '''\
"""What a server knows of its providers before it loads one. `make summaries` writes this file from the providers."""

from typing import Literal

from mockserver.kit.summary import Summary

ProviderName = Literal[{names}]
SUMMARIES: tuple[Summary, ...] = (
{values},
)
'''


def written_out() -> str:
    """The text of the module `summaries`."""
    found = [summary(each) for each in all_providers()]
    return _HEAD.format(names=", ".join(repr(each.name) for each in found), values=",\n".join(map(_source, found)))


def _source(found: Summary) -> str:
    # The comma at the end lets the formatter give each field a line of its own.
    fields = ", ".join(f"{name}={value!r}" for name, value in found._asdict().items())
    return f"Summary({fields},)"


if __name__ == "__main__":
    Path(__file__).with_name("summaries.py").write_text(written_out(), "utf-8")
