"""Ledger rows: read from files, listed in a header and the journal, and refused if they are only assumed."""

import re
from pathlib import Path

import pytest

from mockserver.kit.ledger import ledger_file
from mockserver.provenance.behaviours import Ledger
from mockserver.provenance.policy import AssumedBehaviour, Provenance
from mockserver.provenance.rows import kind_of, read
from mockserver.providers.registry import all_providers
from mockserver.source.document import SourceError
from mockserver.source.model_errors import SourceErrors
from tests.conversation import Conversation

ROWS = """\
rows:
  error.rate_limited:
    what: The requests of the hour are used up
    class: documented
    source: Limits
    scenario: default
    test: test_provenance.py::test_rows_are_read_with_their_class
  error.overloaded:
    what: The service is down
    class: assumed
    source: nobody says
    scenario: default
    test: test_provenance.py::test_rows_are_read_with_their_class
"""


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    file = tmp_path / "ledger.yaml"
    file.write_text(ROWS, "utf-8")
    return Ledger(lambda: {f"acme.{name}": row for name, row in read(file).items()})


def test_rows_are_read_with_their_class(ledger: Ledger) -> None:
    assert {row: ledger.basis(row) for row in ledger.rows} == {
        "acme.error.rate_limited": "documented",
        "acme.error.overloaded": "assumed",
    }
    assert ledger.basis("acme.error.other") is None


def test_a_row_cites_its_own_page_or_that_of_its_class_or_the_documentation(tmp_path: Path) -> None:
    file = tmp_path / "ledger.yaml"
    page = "{{title: {0}, url: 'https://{0}.example', read: 2026-11-29}}"
    row = "{{what: It, class: {0}, source: S, scenario: default, test: test_x.py::test_y{1}}}"
    file.write_text(
        f"pages:\n  documented: {page.format('a')}\n  observed: {page.format('b')}\n  more: {page.format('c')}\n"
        f"rows:\n  rule.a: {row.format('assumed', '')}\n  rule.b: {row.format('observed', '')}\n"
        f"  rule.c: {row.format('documented', ', page: more')}\n",
        "utf-8",
    )
    titles = {name: row.page.title for name, row in read(file).items() if row.page}
    assert titles == {"rule.a": "a", "rule.b": "b", "rule.c": "c"}
    file.write_text(file.read_text("utf-8").replace("page: more", "page: mor"), "utf-8")
    with pytest.raises(SourceErrors, match=r"unknown page 'mor'; did you mean 'more'\?"):
        read(file)


def test_a_provider_without_a_ledger_has_no_rows(tmp_path: Path) -> None:
    assert read(tmp_path / "ledger.yaml") == {}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("class: assumed", "class: guessed", "ledger.yaml:10:12: "),
        ("class: assumed", "clas: assumed", "did you mean 'class'"),
        ("  error.overloaded", "  mistake.overloaded", "ledger.yaml:8:"),
        ("    what: The service is down\n", "", "what"),
        ("what: The service is down", "what: ''", "ledger.yaml:9:11: "),
        ("::test_rows", ":test_rows", "must match pattern"),
        ("error.overloaded", "error.rate_limited", "ledger.yaml:8:3: "),
    ],
)
def test_an_invalid_row_is_reported_with_its_position(tmp_path: Path, old: str, new: str, message: str) -> None:
    file = tmp_path / "ledger.yaml"
    file.write_text(ROWS.replace(old, new), "utf-8")
    with pytest.raises((SourceErrors, SourceError), match=re.escape(message)):
        read(file)


def test_every_provider_has_a_ledger_beside_its_code() -> None:
    assert all(ledger_file(provider).exists() for provider in all_providers())


def test_the_kind_of_a_row_is_read_from_its_id_with_or_without_the_provider() -> None:
    assert kind_of("error.rate_limited") == kind_of("acme.error.rate_limited") == "error"
    assert kind_of("header.X-RateLimit-Limit") == "header"


def test_by_default_nothing_is_refused_and_no_header_sent(ledger: Ledger) -> None:
    provenance = Provenance(ledger)
    provenance.admit(["acme.error.overloaded"])
    assert provenance.headers(["acme.error.overloaded"]) == ()
    assert provenance.disallowed_rows == frozenset()


def test_the_header_lists_each_row_once_with_its_class(ledger: Ledger) -> None:
    rows = ["acme.error.overloaded", "acme.error.rate_limited", "acme.error.overloaded", "acme.error.other"]
    [(name, value)] = Provenance(ledger, header=True).headers(rows)
    assert name == b"x-mock-rule"
    assert value.split(b", ") == [
        b"acme.error.overloaded;class=assumed",
        b"acme.error.rate_limited;class=documented",
        b"acme.error.other;class=unknown",
    ]


def test_an_assumed_behaviour_is_refused_with_its_row_and_reason(ledger: Ledger) -> None:
    provenance = Provenance(ledger, no_assumed=True)
    provenance.admit(["acme.error.rate_limited", "acme.error.other"])
    with pytest.raises(AssumedBehaviour) as caught:
        provenance.admit(["acme.error.rate_limited", "acme.error.overloaded"])
    assumed = caught.value
    assert (assumed.row, assumed.what, assumed.why) == ("acme.error.overloaded", "The service is down", "nobody says")
    assert provenance.disallowed_rows == {"acme.error.overloaded"}


async def test_each_entry_of_the_journal_lists_its_ledger_rows() -> None:
    async with Conversation() as t:
        await t.post("/videotoprompt/v1/analyze/url", {"url": "https://example.com/a.mp4", "platform": "sora"})
        await t.advance(60)
        entries = (await t.get("/_mock/journal")).json()["entries"]
        rows = {e["kind"]: [row["rule"] for row in e.get("rests_on", ())] for e in entries}
        assert "videotoprompt.operation.analyze_url" in rows["request"]
        assert rows["transition"][0].startswith("videotoprompt.state.")
