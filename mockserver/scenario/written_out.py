"""Writes the bundled default scenario out as Python, so that a server that uses it need not read YAML first.

`make default` runs this; a test holds what it wrote to `scenarios/default.yaml`.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from mockserver.core.scenario import Scenario
from mockserver.scenario import default
from mockserver.scenario.builder import digest_of, read_text
from mockserver.scenario.library import bundled_dir
from mockserver.source.validation import validate

_HEAD = '''\
"""What `scenarios/default.yaml` says, as Python. Written by `make default`: change the YAML, not this."""

from mockserver.core.durations import Span
from mockserver.core.scenario import {names}

# Of the text that this was made from: of any other, it says nothing.
DIGEST = "{digest}"


def scenario() -> Scenario:
    """The scenario, as reading the text would give it."""
    return {value}
'''


def written_out(text: bytes) -> str:
    """The module that makes the scenario of a YAML text. Raises SourceErrors."""
    scenario = validate(Scenario, read_text(text, "default"))
    names = ", ".join(sorted({type(part).__name__ for part in _parts(scenario)}))
    return _HEAD.format(names=names, digest=digest_of(text), value=_source(scenario))


def _source(value: Any) -> str:
    """A Python expression for a part of a scenario. A model is constructed of what its author wrote, unvalidated."""
    if isinstance(value, BaseModel):
        given = ", ".join(f"{name}={_source(each)}" for name, each in value if name in value.model_fields_set)
        return f"{type(value).__name__}.model_construct({given})"
    if isinstance(value, list):
        return f"[{', '.join(map(_source, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key!r}: {_source(each)}' for key, each in value.items())}}}"
    return repr(value)


def _parts(value: Any) -> Iterator[BaseModel]:
    """The models within a scenario, itself included."""
    if isinstance(value, BaseModel):
        yield value
        value = dict(value)
    within = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    for each in within:
        yield from _parts(each)


if __name__ == "__main__":
    Path(default.__file__).write_text(written_out((bundled_dir() / "default.yaml").read_bytes()), "utf-8")
