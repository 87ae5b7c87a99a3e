"""The report combines ledger rows with a tally; all its formats show the same."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from mockserver.core.journal import JournalEntry
from mockserver.coverage import saved
from mockserver.coverage.formats import FORMATS, rendered, verdict
from mockserver.coverage.report import Report, Score, UnknownProvider
from mockserver.coverage.tally import Tally
from mockserver.provenance.rows import Row
from tests.report_schemas import check_junit
from tests.test_hostile_page import BROWSER, browsing

HOSTILE = "</td><script>alert(1)</script>\x1b[31m\x00\uffff & more"


def row(name: str, basis: Any = "documented") -> Row:
    fields = {"what": f"About {name} <here>", "class": basis, "source": "A page", "scenario": f"of-{name}"}
    return Row.model_validate({**fields, "test": "test_x.py::test_x"})


ROWS: Mapping[str, Row] = {
    "acme.event.done": row("done"),
    "acme.operation.make": row("make"),
    "acme.error.refused": row("refused", "assumed"),
    "acme.error.busy": row("busy"),
    "acme.limit.calls": row("calls"),
    "other.operation.look": row("look", "observed"),
}


def tally(*requests: JournalEntry) -> Tally:
    total = Tally()
    for request in requests:
        total.request(request)
    return total


def request(*rows: str, status: int | None = 200, deviations: tuple[str, ...] = ()) -> JournalEntry:
    return JournalEntry(
        "request", 0, provider="acme", operation="acme.make", status=status, rests_on=rows, deviations=deviations
    )


def report(*requests: JournalEntry) -> Report:
    return Report.from_tally(["acme", "other"], ROWS, tally(*requests))


REPORT = report(
    request("acme.operation.make", "acme.limit.calls"),
    request("acme.operation.make", "acme.error.refused", status=403),
    request("acme.operation.make", status=None, deviations=(HOSTILE,)),
)


def test_rows_that_tests_can_cover_are_counted_by_kind() -> None:
    acme, other = REPORT.parts
    assert [(b.rule, b.seen) for b in acme.behaviours] == [
        ("acme.operation.make", 3),
        ("acme.error.refused", 1),
        ("acme.error.busy", 0),
        ("acme.event.done", 0),
    ]
    assert [acme.of(kind) for kind in ("operation", "error", "state", "event")] == [
        Score(1, 1), Score(1, 2), Score(0, 0), Score(0, 1)
    ]  # fmt: skip
    assert (acme.score, acme.called, other.score, other.called) == (Score(2, 4), 3, Score(0, 1), 0)
    assert (REPORT.score, REPORT.percent) == (Score(2, 5), 40)


def test_missed_rows_are_listed_with_errors_first() -> None:
    assert REPORT.missed == ["acme.error.busy", "acme.event.done", "other.operation.look"]
    assert REPORT.met == ["acme.operation.make", "acme.error.refused"]


def test_a_report_is_on_the_called_providers_unless_others_are_named() -> None:
    assert [part.provider for part in REPORT.of().parts] == ["acme"]
    assert REPORT.of().percent == 50
    assert REPORT.of("other").score == Score(0, 1)
    assert REPORT.of("other", "acme") == REPORT
    assert report().of().parts == []
    with pytest.raises(UnknownProvider, match="there is no provider 'acne'; the providers are acme, other"):
        REPORT.of("acne")


def test_a_report_can_be_limited_to_classes() -> None:
    assert REPORT.on("documented").score == Score(1, 3)
    assert REPORT.on("documented", "assumed").of("acme").score == Score(2, 4)


@pytest.mark.parametrize(
    ("met", "of", "percent", "least", "below"),
    [
        (2, 3, 66, 66.6, False),
        (2, 3, 66, 67, True),
        (199, 200, 99, 99.5, False),
        (199, 200, 99, 100, True),
        (3, 3, 100, 100, False),
        (0, 0, 0, 0, False),
        (0, 0, 0, 1, True),
    ],
)
def test_a_percentage_is_rounded_down_and_a_threshold_is_exact(
    met: int, of: int, percent: int, least: float, below: bool
) -> None:
    score = Score(met, of)
    assert (score.percent, score.below(least)) == (percent, below)


def test_reports_of_several_runs_can_be_merged() -> None:
    second = report(request("acme.operation.make", "acme.error.busy", status=503, deviations=("too long",)))
    for whole in (Report.merged([REPORT, second.of("acme")]), Report.merged([second, REPORT])):
        assert whole.met == ["acme.operation.make", "acme.error.refused", "acme.error.busy"]
        assert [b.seen for b in whole.parts[0].behaviours] == [4, 1, 1, 0]
        assert whole.parts[0].calls == {("make", 0): 1, ("make", 200): 1, ("make", 403): 1, ("make", 503): 1}
        assert len(whole.parts[0].deviations) == 2
    assert Report.merged([]) == Report([])


def test_a_saved_report_is_read_back() -> None:
    assert saved.parsed(saved.text(REPORT).encode()) == REPORT
    assert saved.data(REPORT)["providers"][0]["calls"] == [
        {"operation": "make", "status": None, "times": 1},
        {"operation": "make", "status": 200, "times": 1},
        {"operation": "make", "status": 403, "times": 1},
    ]


def _invalid() -> list[Any]:
    """Return invalid documents: each differs from a valid report in one value."""
    invalid: list[Any] = [[], {}, {"providers": 3, "left_out": 0}, {"providers": [], "left_out": -1}]
    for path, value in (
        (("behaviours", 0, "rule"), "other.operation.make"),
        (("behaviours", 0, "rule"), "acme.rule.make"),
        (("behaviours", 0, "rule"), "acme"),
        (("behaviours", 0, "seen"), "often"),
        (("behaviours", 0, "what"), None),
        (("calls", 0, "status"), [200]),
        (("calls", 0, "operation"), 7),
        (("deviations",), None),
    ):
        data = saved.data(REPORT)
        at: Any = data["providers"][0]
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = value
        invalid.append(data)
    return invalid


@pytest.mark.parametrize("data", _invalid())
def test_invalid_data_is_refused(data: Any) -> None:
    with pytest.raises(saved.InvalidReport):
        saved.loaded(data)
    with pytest.raises(saved.InvalidReport, match="not a coverage report that was saved as JSON"):
        saved.parsed(json.dumps(data).encode())


@pytest.mark.parametrize("text", [b"", b"not JSON", b"\xff", b"[" * 100_000])
def test_invalid_json_is_refused(text: bytes) -> None:
    with pytest.raises(saved.InvalidReport, match="not a coverage report that was saved as JSON"):
        saved.parsed(text)


def test_the_table_shows_scores_missed_behaviours_requests_and_deviations() -> None:
    lines = rendered("table", REPORT).splitlines()
    assert [line.split() for line in lines[:4]] == [
        ["provider", "operations", "errors", "states", "events", "endings", "all"],
        ["acme", "1/1", "1/2", "-", "0/1", "-", "2/4", "50%"],
        ["other", "0/1", "-", "-", "-", "-", "0/1", "0%"],
        ["total", "1/2", "1/2", "-", "0/1", "-", "2/5", "40%"],
    ]
    text = "\n".join(lines[4:])
    others = text.index("other behaviours not covered")
    assert text.index("  acme\n    error.busy  documented  of-busy  About busy <here>") < others
    assert others < text.index("    event.done") < text.index("  other\n    operation.look")
    assert "acme.make  no reply ×1, 200 ×1, 403 ×1" in text
    assert "acme.make  ×1  </td><script>alert(1)</script>�[31m�� & more" in text
    assert max(map(len, lines)) <= 120
    assert rendered("table", report().of()) == "coverage: no provider was called\n"


def test_junit_has_a_case_for_each_behaviour_and_one_for_the_threshold() -> None:
    tree = check_junit(rendered("junit", REPORT, 80))
    assert tree.attrib == {"name": "mockserver coverage", "tests": "6", "failures": "1", "errors": "0"}
    acme, other, threshold = tree
    assert [(case.get("classname"), case.get("name"), len(case)) for case in acme.iter("testcase")] == [
        ("acme.operation", "make", 0), ("acme.error", "refused", 0),
        ("acme.error", "busy", 1), ("acme.event", "done", 1),
    ]  # fmt: skip
    messages = [skipped.get("message") for skipped in acme.iter("skipped")]
    assert messages[0] == "not covered; the scenario of-busy shows it: About busy <here> (documented)"
    assert "acme.make: </td><script>alert(1)</script>" in (acme.findtext("system-out") or "")
    assert other.get("skipped") == "1"
    (failure,) = threshold.iter("failure")
    assert failure.get("message") == "40% is less than the required 80%"
    passed = ET.fromstring(rendered("junit", REPORT, 40))
    assert (passed.get("failures"), list(passed.iter("failure"))) == ("0", [])
    assert len(ET.fromstring(rendered("junit", REPORT))) == 2


class Page(HTMLParser):
    """The elements, attributes and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[str] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += [name for name, _ in attrs]
        if tag not in ("meta", "wbr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_needs_no_other_files_and_has_no_scripts() -> None:
    page = Page(rendered("html", REPORT, 80))
    assert page.open == []
    assert {"script", "link", "img", "iframe", "base", "form"}.isdisjoint(page.elements)
    assert {"src", "href", "onload", "onclick"}.isdisjoint(page.attributes)
    assert HOSTILE.partition("\x1b")[0] in page.text
    for text in ("40%", "Less than the required 80%.", "acme.error.busy", "About busy <here>", "of-busy"):
        assert text in page.text
    assert "At least the required 40%." in Page(rendered("html", REPORT, 40)).text
    assert "No provider was called." in Page(rendered("html", report().of())).text


def test_a_verdict_lists_the_missing_behaviours() -> None:
    assert verdict(REPORT, 40) is None
    assert verdict(REPORT.of(), 50.5) == (
        "coverage: 50% is less than the required 50.5%; not covered: acme.error.busy, acme.event.done"
    )
    assert verdict(report().of(), 1) == "coverage: 1% is required, but no provider was called"
    many = {f"acme.error.e{number}": row(f"e{number}") for number in range(13)}
    message = verdict(Report.from_tally(["acme"], many, tally(request())), 1)
    assert message is not None
    assert message.endswith("acme.error.e9 and 3 more")


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")
def test_a_browser_runs_nothing_of_the_page(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    # If the browser ran it, the page would change.
    bad = f"{HOSTILE}<img src=x onerror=\"document.body.innerHTML='run'\">"
    page.write_text(rendered("html", report(request("acme.operation.make", deviations=(bad,)))), "utf-8")
    with browsing(tmp_path / "profile", "--dump-dom", page.as_uri()) as browser:
        html = browser.communicate(timeout=90)[0]
    assert "<h1>Coverage of the client's tests</h1>" in html
    assert "acme.<wbr>error.<wbr>busy" in html
    assert "<img" not in html
    assert "<script" not in html


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_report_has_the_same_bytes(form: Any) -> None:
    assert rendered(form, REPORT, 80) == rendered(form, saved.loaded(saved.data(REPORT)), 80)
