"""The package for Node: its own tests pass, its types are those of the control API, and it needs no other package."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any

import pytest

import mockserver
from mockserver.app import create_app
from mockserver.settings import Settings
from tests.documents import ROOT
from tests.live import live_server
from tests.programs import PATIENCE, nodes

NODE = ROOT / "clients" / "node"
PACKAGE = json.loads((NODE / "package.json").read_text("utf-8"))


def generator() -> Any:
    """Return the module that writes the types."""
    spec = spec_from_file_location("write_types", NODE / "write_types.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_types_are_those_of_the_control_api() -> None:
    write_types = generator()
    assert write_types.TARGET.read_text("utf-8") == write_types.types(), "run `make clients`"


@pytest.mark.parametrize(
    ("schema", "type_"),
    [
        ({"type": "string", "enum": ["a", "b"]}, '"a" | "b"'),
        ({"anyOf": [{"$ref": "#/components/schemas/Until"}, {"type": "null"}]}, "Until | null"),
        ({"type": "array", "items": {"anyOf": [{"type": "integer"}, {"type": "number"}]}}, "Array<number>"),
        ({"type": "object", "additionalProperties": {"type": "boolean"}}, "Record<string, boolean>"),
        ({"type": "object", "properties": {"a-b": {"const": 1}}}, '{\n  "a-b"?: 1;\n}'),
        ({"type": ["string", "null"]}, "string | null"),
        ({"$ref": "#/components/schemas/mockserver__control__journal__Behaviour"}, "JournalBehaviour"),
        ({}, "unknown"),
    ],
)
def test_a_schema_becomes_a_type(schema: dict[str, Any], type_: str) -> None:
    assert generator().type_of(schema) == type_


def test_it_needs_no_other_package_and_has_the_version_of_the_server() -> None:
    assert "dependencies" not in PACKAGE
    assert PACKAGE["version"] == mockserver.__version__
    files = {
        value
        for export in PACKAGE["exports"].values()
        for value in (export.values() if isinstance(export, dict) else ())
    }
    assert [file for file in files if not (NODE / file).exists()] == []


def test_the_declarations_name_what_the_sources_export() -> None:
    # `npm run build` writes them, which needs the network. A method without a declaration is found here.
    for source in (NODE / "src").glob("*.js"):
        declaration = (NODE / "types" / f"{source.stem}.d.ts").read_text("utf-8")
        methods = re.findall(r"^  (?:async )?([a-z]\w+)\(.*\) \{$", source.read_text("utf-8"), re.MULTILINE)
        assert [name for name in methods if not re.search(rf"\b{name}[(<]", declaration) and name not in KEYWORDS] == []


KEYWORDS = ("constructor", "for", "if", "while", "catch", "get", "set", "switch")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with live_server(create_app(Settings(port=0))) as base:
        yield base


@pytest.mark.parametrize("files", ["test/*.test.js", "examples/node-test/*.test.mjs"])
def test_its_tests_pass(files: str, server: str) -> None:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("MOCKSERVER_")},
        "MOCKSERVER_URL": server,
        "MOCKSERVER_COMMAND": f"{sys.executable} -m mockserver",
        "PYTHONPATH": str(ROOT),
    }
    paths = [str(file.relative_to(NODE)) for file in sorted(NODE.glob(files))]
    result = subprocess.run(
        [nodes()[0], "--test", *paths], cwd=NODE, env=environment, capture_output=True, text=True, timeout=PATIENCE,
        check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    assert paths
    assert "pass 0" not in result.stdout
