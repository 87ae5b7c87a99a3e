"""Writes the bundled default scenario as Python, so that a server that uses it does not have to read YAML.

`make default` runs this. A test compares the result with `scenarios/default.yaml`.
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
"""The scenario of `scenarios/default.yaml` as Python. Written by `make default`: change the YAML, not this file."""

from mockserver.core.durations import Span
from mockserver.core.scenario import {names}

# The digest of the text that this was generated from. It is not valid for any other text.
DIGEST = "{digest}"


def scenario() -> Scenario:
    """Return the scenario, as reading the text would."""
    return {value}
'''


def python_source(text: bytes) -> str:
    """Return the source of the module for the scenario of a YAML text. Raises SourceErrors."""
    scenario = validate(Scenario, read_text(text, "default"))
    names = ", ".join(sorted({type(part).__name__ for part in _parts(scenario)}))
    return _HEAD.format(names=names, digest=digest_of(text), value=_source(scenario))


def _source(value: Any) -> str:
    """Return a Python expression for a part of a scenario. Models get the values that are set, without validation."""
    if isinstance(value, BaseModel):
        values = ", ".join(f"{name}={_source(each)}" for name, each in value if name in value.model_fields_set)
        return f"{type(value).__name__}.model_construct({values})"
    if isinstance(value, list):
        return f"[{', '.join(map(_source, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key!r}: {_source(each)}' for key, each in value.items())}}}"
    return repr(value)


def _parts(value: Any) -> Iterator[BaseModel]:
    """Yield all models in a scenario, including the scenario itself."""
    if isinstance(value, BaseModel):
        yield value
        value = dict(value)
    within = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    for each in within:
        yield from _parts(each)


if __name__ == "__main__":
    Path(default.__file__).write_text(python_source((bundled_dir() / "default.yaml").read_bytes()), "utf-8")
