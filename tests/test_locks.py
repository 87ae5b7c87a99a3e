"""Everything that is installed is pinned by its hash, and the parts of uvicorn that are used are known."""

import ast
import inspect
import re
import tomllib
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest
import uvicorn
from uvicorn.supervisors.multiprocess import Multiprocess, Process

ROOT = Path(__file__).parent.parent
LOCKS = sorted((ROOT / "requirements").glob("*.lock"))
# Other versions of uvicorn may rename these. `startup` is overridden, the others are called or set.
UVICORN = {"Config", "Server", "run"}
SUPERVISOR = {
    "mockserver/serving/worker.py": {"Config", "Process"},
    "mockserver/serving/workers.py": {"Config", "SIGNALS", "Multiprocess"},
}


def names_of(module: str, *folders: str) -> dict[str, set[str]]:
    """Return the names of the module that Python files in these folders use, by file."""
    used: dict[str, set[str]] = {}
    for path in (each for folder in folders for each in (ROOT / folder).rglob("*.py") if each != Path(__file__)):
        text = path.read_text("utf-8")
        if module not in text:
            continue
        tree = ast.parse(text)
        names = {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == module
        }
        imported = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
        names |= {a.name for node in imported if str(node.module).split(".")[0] == module for a in node.names}
        if names:
            used[path.relative_to(ROOT).as_posix()] = names
    return used


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_package_of_a_lock_has_a_version_and_hashes(lock: Path) -> None:
    packages = re.split(r"(?m)^(?=[a-z0-9])", lock.read_text("utf-8"))[1:]
    assert packages
    for package in packages:
        assert re.match(r"[a-z0-9-]+==\S+", package), package
        assert "--hash=sha256:" in package, package


@pytest.mark.parametrize("file", ["Makefile", "Dockerfile"])
def test_only_locks_and_the_package_itself_are_installed(file: str) -> None:
    text = (ROOT / file).read_text("utf-8").replace("\\\n", " ")
    installs = re.findall(r"(?:pip|\$\(PIP\))[^;&\n]*? install ([^;&\n]*)", text)
    assert installs
    for arguments in installs:
        assert re.search(r"-r(?:equirement)? requirements/\w+\.lock|--editable \.|/wheel/\*\.whl", arguments), arguments


def test_the_base_image_is_pinned_by_its_digest() -> None:
    stages = re.findall(r"(?m)^FROM (\S+)", (ROOT / "Dockerfile").read_text("utf-8"))
    default = re.findall(r"(?m)^ARG PYTHON=(\S+)", (ROOT / "Dockerfile").read_text("utf-8"))
    assert set(stages) == {"${PYTHON}"}
    assert [re.sub(r"[0-9a-f]{64}$", "", each) for each in default] == ["docker.io/library/python:3.11-slim@sha256:"]


def test_the_server_uses_uvicorn_only_to_supervise_workers() -> None:
    assert names_of("uvicorn", "mockserver") == SUPERVISOR
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert not [each for each in project["project"]["dependencies"] if each.startswith("uvicorn")]


def test_the_parts_of_uvicorn_that_workers_use() -> None:
    def parameters(function: Callable[..., object]) -> list[str]:
        return list(inspect.signature(function).parameters)

    assert parameters(Process) == parameters(Multiprocess) == ["config", "sockets"]
    assert parameters(Process.target) == ["self", "sockets"]
    assert parameters(Process.is_alive) == ["self", "timeout"]
    # These are overridden, and `Multiprocess.run` and `Process.always_pong` call them.
    for each in (Process.start, Process.pong, Process.always_pong, Multiprocess.run, Multiprocess.init_processes):
        assert parameters(each) == ["self"]
    for each in (Multiprocess.handle_signals, Multiprocess.keep_subprocess_alive, Multiprocess.terminate_all):
        assert parameters(each) == ["self"]
    called = set(re.findall(r"self\.(\w+)\(", inspect.getsource(Multiprocess.run)))
    assert called == {"init_processes", "handle_signals", "keep_subprocess_alive", "terminate_all", "join_all"}


def test_the_parts_of_uvicorn_that_tests_and_measurements_use() -> None:
    used = names_of("uvicorn", "tests", "bench", "examples")
    assert used == {"tests/live.py": {"Config", "Server"}, "bench/floors.py": {"run"}}
    assert set().union(*used.values()) == UVICORN
    assert list(inspect.signature(uvicorn.Server.startup).parameters) == ["self", "sockets"]
    assert inspect.iscoroutinefunction(uvicorn.Server.startup)
    assert hasattr(uvicorn.Server(uvicorn.Config(lambda: None)), "should_exit")


def test_uvicorn_has_a_ceiling() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    for requirements in (project["dependency-groups"]["test"], project["project"]["optional-dependencies"]["valkey"]):
        requirement = next(each for each in requirements if str(each).startswith("uvicorn"))
        ceiling = requirement.rpartition("<")[2]
        assert tuple(map(int, version("uvicorn").split(".")[:2])) < tuple(map(int, ceiling.split(".")))
