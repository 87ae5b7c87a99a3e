"""The ledger is complete: every behaviour has a row, and every row has a scenario that shows it and a test."""

import ast
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mockserver.core.faults import ERROR_KINDS, Refusal
from mockserver.core.journal import JournalEntry
from mockserver.kit.ledger import ledger, pages_of, rows_of
from mockserver.kit.operations import Operation
from mockserver.kit.provider import Provider
from mockserver.provenance.rows import KINDS, kind_of
from mockserver.providers.registry import all_providers
from mockserver.scenario.library import bundled_dir
from tests.conversation import Conversation
from tests.row_requests import OTHER_CALLS, REQUESTS, RowRequests, repeat, replies, requests_for, requests_for_row

PROVIDERS = {p.name: p for p in all_providers()}
LEDGER = ledger(all_providers())
ROWS = LEDGER.rows
TESTS = Path(__file__).parent
DOCS = TESTS.parent / "docs" / "providers"
BUNDLED = {path.stem for path in bundled_dir().glob("*.yaml")}
# Rows that a scenario shows for ordinary requests to its provider.
SHOWN = [row for row in ROWS if kind_of(row) in ("error", "state", "event", "ending")]


def has_own_request(row: str) -> bool:
    """Return true if a particular request shows the row in any scenario."""
    provider, _, name = row.partition(".")
    return row in REQUESTS or requests_for_row(PROVIDERS[provider], name) is not None


def test_every_row_names_a_scenario_that_is_bundled() -> None:
    assert [row for row in ROWS if ROWS[row].scenario not in BUNDLED] == []


def test_every_row_names_a_test_that_exists() -> None:
    tests = {name: row.test.partition("::") for name, row in ROWS.items()}
    assert [row for row, (file, _, function) in tests.items() if function not in functions(file)] == []


def test_the_source_of_a_documented_row_is_a_part_of_the_documentation() -> None:
    excuses = ("not documented", "assumed", "chosen")
    documented = [row for row in ROWS if ROWS[row].basis == "documented"]
    assert [row for row in documented if ROWS[row].source.lower().startswith(excuses)] == []


def test_every_row_cites_a_page_with_its_address_and_the_date_it_was_read() -> None:
    assert [row for row in ROWS if ROWS[row].page is None] == []
    pages = {page for row in ROWS.values() if (page := row.page) is not None}
    assert all(page.url.startswith("https://") for page in pages)
    assert all(date(2025, 1, 1) < page.read < date(2027, 1, 1) for page in pages)


def test_an_observed_row_cites_source_code_or_a_client_and_not_the_documentation() -> None:
    for provider in PROVIDERS.values():
        cited = {row.page for row in rows_of(provider).values() if row.basis == "observed"}
        assert not cited & {pages_of(provider)["documented"]}


def test_the_page_of_a_provider_links_each_row_to_its_source() -> None:
    for name, provider in PROVIDERS.items():
        text = (DOCS / f"{name}.md").read_text("utf-8")
        lines = {line.split("`")[1]: line for line in text.splitlines() if line.startswith("| `")}
        for row, behaviour in rows_of(provider).items():
            assert behaviour.page is not None
            assert f"({behaviour.page.url})" in lines[row], row
            assert f", {behaviour.page.read}" in lines[row], row


def test_the_page_of_videotoprompt_says_that_its_source_is_a_third_partys_article() -> None:
    text = (DOCS / "videotoprompt.md").read_text("utf-8")
    assert "a third party's article" in text
    assert "third party" in str(pages_of(PROVIDERS["videotoprompt"])["documented"].note)


def test_each_row_describes_its_behaviour_in_one_sentence_that_needs_no_context() -> None:
    """A client gets the sentence by itself when `--no-assumed` refuses its request because of the row."""
    assert {row: problem for row in ROWS if (problem := _style_problem(ROWS[row].what))} == {}


def _style_problem(sentence: str) -> str:
    """Return what is wrong with the description of a row, or an empty string."""
    if not sentence[0].isupper():
        return "does not start with a capital letter"
    if any(mark in f"{sentence} " for mark in (". ", "; ", "? ")):
        return "is more than one sentence"
    if sentence.split(maxsplit=1)[0] in ("It", "So", "That", "These", "This", "Otherwise"):
        return "refers to another sentence"
    return ""


@pytest.mark.parametrize(
    ("sentence", "problem"),
    [
        ("Returns 401 when the key is missing", ""),
        ("returns 401", "does not start with a capital letter"),
        ("Returns 401; counts nothing", "is more than one sentence"),
        ("It returns 401", "refers to another sentence"),
    ],
)
def test_the_problems_of_descriptions_are_found(sentence: str, problem: str) -> None:
    assert _style_problem(sentence) == problem


def test_the_source_of_an_observed_row_is_one_of_two() -> None:
    seen = {ROWS[row].source.partition(";")[0] for row in ROWS if ROWS[row].basis == "observed"}
    assert seen == {"the provider's public source code", "published clients"}


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)
def test_everything_that_a_provider_declares_has_a_row(provider: Provider) -> None:
    assert set(declared(provider)) <= set(ROWS)


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)
def test_no_row_is_about_something_that_a_provider_does_not_have(provider: Provider) -> None:
    """There may be more errors and rules than are declared. Every conversation checks the rows of its replies."""
    present = set(declared(provider))
    strict = ("operation", "state", "event", "header", "limit")
    assert [r for r in ROWS if r.startswith(f"{provider.name}.") and kind_of(r) in strict and r not in present] == []


@pytest.mark.parametrize("row", SHOWN)
async def test_the_scenario_of_a_row_shows_it(row: str) -> None:
    requests = requests_for(row, ROWS[row].scenario)

    async with Conversation({"extends": ROWS[row].scenario, "clock": {"mode": requests.clock}}) as t:
        assert await meets(t, requests, lambda entry: row in entry.rests_on)


# A row with its own request is shown in any scenario.
@pytest.mark.parametrize(
    "row", [r for r in SHOWN if kind_of(r) == "error" and ROWS[r].scenario != "default" and not has_own_request(r)]
)
async def test_the_default_scenario_does_not_show_an_error_of_another_scenario(row: str) -> None:
    requests = requests_for(row, ROWS[row].scenario)

    async with Conversation({"extends": "default", "clock": {"mode": requests.clock}}) as t:
        async for _ in replies(t, requests):
            assert not [entry for entry in await t.sandbox.journal() if row in entry.rests_on]


@pytest.mark.parametrize("row", [f"{p.name}.limit.{limit}" for p in PROVIDERS.values() for limit in p.periods])
async def test_the_scenario_of_a_counted_limit_uses_it_up(row: str) -> None:
    requests = requests_for(row, ROWS[row].scenario)

    async with Conversation({"extends": ROWS[row].scenario, "clock": {"mode": requests.clock}}) as t:
        assert await meets(t, requests, lambda entry: entry.status in (402, 429))


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)
def test_every_documented_status_is_that_of_an_error_with_a_row(provider: Provider) -> None:
    shown = [o for o in provider.operations if not o.hidden]
    statuses = {status for o in shown for status in o.replies if status >= 400}
    assert statuses == {provider.error_reply(Refusal(kind)).status for kind in _kinds(provider, shown)}


async def meets(t: Conversation, requests: RowRequests, matches: Callable[[JournalEntry], bool]) -> bool:
    """Repeat the requests while time passes, until a journal entry matches. Return false if there is none."""
    async for _ in repeat(t, requests):
        if any(matches(entry) for entry in await t.sandbox.journal()):
            return True
    return False


def declared(provider: Provider) -> Iterator[str]:
    """Yield the ids of the rows that a provider must have."""
    for kind, names in _declared(provider):
        assert kind in KINDS
        yield from (f"{provider.name}.{kind}.{name}" for name in names)


def _declared(provider: Provider) -> Iterator[tuple[str, Any]]:
    shown = [o for o in provider.operations if not o.hidden]
    yield "operation", [o.name for o in provider.operations]
    yield "error", ["no_such_path", "method_not_allowed", *(_error(provider, kind) for kind in _kinds(provider, shown))]
    yield "state", provider.all_states
    yield "event", [*provider.documented_events, *OTHER_CALLS.get(provider.name, ())]
    of_replies = [header for o in shown for reply in o.replies.values() for header in reply.headers]
    of_events = [header for event in provider.documented_events.values() for header in event.headers]
    yield "header", [*provider.documented_headers, *of_replies, *of_events]
    yield "limit", [figure for tier in provider.tiers.values() for figure in tier]
    yield "rule", ["head"] if any(o.method == "GET" for o in shown) else ()


def _kinds(provider: Provider, shown: list[Operation]) -> Iterator[str]:
    """Yield the provider's own codes, and the neutral kinds of error that it documents."""
    yield from (f"{provider.name}:{code}" for code in provider.codes)
    statuses = {status for o in shown for status in o.replies}
    yield from (kind for kind in ERROR_KINDS if provider.error_reply(Refusal(kind)).status in statuses)


def _error(provider: Provider, kind: str) -> str:
    return provider.error_reply(Refusal(kind)).ledger_rows[0].removeprefix("error.")


@cache
def functions(file: str) -> frozenset[str]:
    """Return the names of the functions in a test file."""
    tree = ast.parse((TESTS / file).read_text("utf-8"))
    return frozenset(n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
