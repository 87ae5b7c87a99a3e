"""`make messages` prints every message of the code."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

PATH = Path(__file__).parent.parent / "docs" / "messages.py"


@pytest.fixture(scope="module")
def listing() -> ModuleType:
    spec = importlib.util.spec_from_file_location("messages", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("source", "kind", "text"),
    [
        (
            'raise ValueError(f"no job {name!r}: {n} are known")',
            "error",
            "no job {name}: {n} are known",
        ),
        ('raise Problem(404, "There is "\n "no job")', "error", "There is no job"),
        ('refusal = Refusal("not_found", "No such video")', "error", "No such video"),
        ('parser.error("give a port")', "error", "give a port"),
        ('log.info("listening on %s port", port)', "log", "listening on %s port"),
        ('parser.add_argument("--port", help="the port to use")', "help", "the port to use"),
        ('Field(description="the id of a job")', "description", "the id of a job"),
        ('print("the server has started")', "output", "the server has started"),
        ('MESSAGES = {"not_found": "No such video"}', "text", "No such video"),
    ],
)
def test_each_kind_of_message_is_recognised(listing: ModuleType, source: str, kind: str, text: str) -> None:
    [message] = listing.messages_of(source)
    assert (message.kind, message.text) == (kind, text)


@pytest.mark.parametrize(
    "source",
    [
        'def f():\n    """Return a job."""',
        'kind = "not_found"',
        'kind = "text/plain; charset=utf-8"',
        'def f(store: "Store | None") -> None: ...',
    ],
)
def test_docstrings_names_and_types_are_no_messages(listing: ModuleType, source: str) -> None:
    assert list(listing.messages_of(source)) == []


def test_the_messages_of_the_package_are_listed_with_their_places(
    listing: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["messages.py", "settings.py", "--kind", "error"])
    listing.main()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) >= 3
    assert all(line.startswith("settings.py:") for line in lines)
    assert any("must be" in line for line in lines)
