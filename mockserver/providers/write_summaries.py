"""Writes the summaries of the providers out as Python, so that a server need not load a provider before its first use.

`make summaries` runs this; a test holds what it wrote to the providers.
"""

from pathlib import Path

from mockserver.kit.summary import Summary, summary
from mockserver.providers.registry import all_providers

_HEAD = '''\
"""What the providers say of themselves, in short. Written by `make summaries`: change the providers, not this."""

from mockserver.kit.summary import Summary

SUMMARIES: tuple[Summary, ...] = (
{values},
)
'''


def written_out() -> str:
    """The module of the summaries."""
    return _HEAD.format(values=",\n".join(_source(summary(each)) for each in all_providers()))


def _source(found: Summary) -> str:
    # The comma at the end lets the formatter give each field a line of its own.
    fields = ", ".join(f"{name}={value!r}" for name, value in found._asdict().items())
    return f"Summary({fields},)"


if __name__ == "__main__":
    Path(__file__).with_name("summaries.py").write_text(written_out(), "utf-8")
