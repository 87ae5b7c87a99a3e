"""The report is what the tally says of the ledger's rows, and every form of it tells the same."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from mockserver.core.journal import Entry
from mockserver.coverage import saved
from mockserver.coverage.formats import FORMATS, rendered, verdict
from mockserver.coverage.report import Report, Score, UnknownProvider
from mockserver.coverage.tally import Tally
from mockserver.provenance.rows import Row
from tests.test_hostile_page import BROWSER, browsing

HOSTILE = "</td><script>alert(1)</script>\x1b[31m\x00\uffff & more"


def row(name: str, basis: Any = "documented") -> Row:
    told = {"what": f"About {name} <here>", "class": basis, "source": "A page", "scenario": f"of-{name}"}
    return Row.model_validate({**told, "test": "test_x.py::test_x"})


ROWS: Mapping[str, Row] = {
    "acme.event.done": row("done"),
    "acme.operation.make": row("make"),
    "acme.error.refused": row("refused", "assumed"),
    "acme.error.busy": row("busy"),
    "acme.limit.calls": row("calls"),
    "other.operation.look": row("look", "observed"),
}


def tally(*requests: Entry) -> Tally:
    made = Tally()
    for request in requests:
        made.request(request)
    return made


def request(*rows: str, status: int | None = 200, deviations: tuple[str, ...] = ()) -> Entry:
    return Entry(
        "request", 0, provider="acme", operation="acme.make", status=status, rests_on=rows, deviations=deviations
    )


def report(*requests: Entry) -> Report:
    return Report.made(["acme", "other"], ROWS, tally(*requests))


MADE = report(
    request("acme.operation.make", "acme.limit.calls"),
    request("acme.operation.make", "acme.error.refused", status=403),
    request("acme.operation.make", status=None, deviations=(HOSTILE,)),
)


def test_rows_that_a_client_can_meet_are_counted_by_kind() -> None:
    acme, other = MADE.parts
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
    assert (MADE.score, MADE.percent) == (Score(2, 5), 40)


def test_what_was_missed_is_told_errors_first() -> None:
    assert MADE.missed == ["acme.error.busy", "acme.event.done", "other.operation.look"]
    assert MADE.met == ["acme.operation.make", "acme.error.refused"]


def test_only_providers_that_were_called_count_unless_others_are_named() -> None:
    assert [part.provider for part in MADE.of().parts] == ["acme"]
    assert MADE.of().percent == 50
    assert MADE.of("other").score == Score(0, 1)
    assert MADE.of("other", "acme") == MADE
    assert report().of().parts == []
    with pytest.raises(UnknownProvider, match="there is no provider 'acne'; the providers are acme, other"):
        MADE.of("acne")


def test_classes_can_be_left_out() -> None:
    assert MADE.on("documented").score == Score(1, 3)
    assert MADE.on("documented", "assumed").of("acme").score == Score(2, 4)


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


def test_reports_of_several_runs_add_up() -> None:
    second = report(request("acme.operation.make", "acme.error.busy", status=503, deviations=("too long",)))
    for whole in (Report.merged([MADE, second.of("acme")]), Report.merged([second, MADE])):
        assert whole.met == ["acme.operation.make", "acme.error.refused", "acme.error.busy"]
        assert [b.seen for b in whole.parts[0].behaviours] == [4, 1, 1, 0]
        assert whole.parts[0].calls == {("make", 0): 1, ("make", 200): 1, ("make", 403): 1, ("make", 503): 1}
        assert len(whole.parts[0].deviations) == 2
    assert Report.merged([]) == Report([])


def test_what_is_saved_is_read_again() -> None:
    assert saved.parsed(saved.text(MADE).encode()) == MADE
    assert saved.data(MADE)["providers"][0]["calls"] == [
        {"operation": "make", "status": None, "times": 1},
        {"operation": "make", "status": 200, "times": 1},
        {"operation": "make", "status": 403, "times": 1},
    ]


def _spoilt() -> list[Any]:
    """Documents that are no reports, each by one change to one that is."""
    found: list[Any] = [[], {}, {"providers": 3, "left_out": 0}, {"providers": [], "left_out": -1}]
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
        data = saved.data(MADE)
        at: Any = data["providers"][0]
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = value
        found.append(data)
    return found


@pytest.mark.parametrize("data", _spoilt())
def test_what_is_no_report_is_refused(data: Any) -> None:
    with pytest.raises(saved.NoReport):
        saved.loaded(data)
    with pytest.raises(saved.NoReport, match="is no report of coverage that was saved as JSON"):
        saved.parsed(json.dumps(data).encode())


@pytest.mark.parametrize("text", [b"", b"not JSON", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_no_report(text: bytes) -> None:
    with pytest.raises(saved.NoReport):
        saved.parsed(text)


def test_the_table_tells_figures_what_was_missed_requests_and_deviations() -> None:
    lines = rendered("table", MADE).splitlines()
    assert [line.split() for line in lines[:4]] == [
        ["met", "of", "operations", "errors", "states", "events", "endings", "all"],
        ["acme", "1/1", "1/2", "-", "0/1", "-", "2/4", "50%"],
        ["other", "0/1", "-", "-", "-", "-", "0/1", "0%"],
        ["together", "1/2", "1/2", "-", "0/1", "-", "2/5", "40%"],
    ]
    text = "\n".join(lines[4:])
    either = text.index("never seen either")
    assert text.index("  acme\n    error.busy  documented  of-busy  About busy <here>") < either
    assert either < text.index("    event.done") < text.index("  other\n    operation.look")
    assert "acme.make  no reply ×1, 200 ×1, 403 ×1" in text
    assert "acme.make  ×1  </td><script>alert(1)</script>�[31m�� & more" in text
    assert max(map(len, lines)) <= 120
    assert rendered("table", report().of()) == "coverage: no provider was called\n"


def test_junit_has_a_case_for_each_behaviour_and_one_for_the_threshold() -> None:
    tree = ET.fromstring(rendered("junit", MADE, 80))
    assert tree.attrib == {"name": "mockserver coverage", "tests": "6", "failures": "1", "skipped": "3"}
    acme, other, threshold = tree
    assert [(case.get("classname"), case.get("name"), len(case)) for case in acme.iter("testcase")] == [
        ("acme.operation", "make", 0), ("acme.error", "refused", 0),
        ("acme.error", "busy", 1), ("acme.event", "done", 1),
    ]  # fmt: skip
    told = [skipped.get("message") for skipped in acme.iter("skipped")]
    assert told[0] == "never seen; the scenario of-busy shows it: About busy <here> (documented)"
    assert "acme.make deviated 1 times: </td><script>" in (acme.findtext("system-out") or "")
    assert other.get("skipped") == "1"
    (failure,) = threshold.iter("failure")
    assert failure.get("message") == "40% is less than 80%"
    passed = ET.fromstring(rendered("junit", MADE, 40))
    assert (passed.get("failures"), list(passed.iter("failure"))) == ("0", [])
    assert len(ET.fromstring(rendered("junit", MADE))) == 2


class Page(HTMLParser):
    """What a page has: its elements, what they lead to, and its text."""

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


def test_the_page_needs_nothing_else_and_runs_nothing() -> None:
    page = Page(rendered("html", MADE, 80))
    assert page.open == []
    assert {"script", "link", "img", "iframe", "base", "form"}.isdisjoint(page.elements)
    assert {"src", "href", "onload", "onclick"}.isdisjoint(page.attributes)
    assert HOSTILE.partition("\x1b")[0] in page.text
    for told in ("40%", "Less than the 80% asked for.", "acme.error.busy", "About busy <here>", "of-busy"):
        assert told in page.text
    assert "At least the 40% asked for." in Page(rendered("html", MADE, 40)).text
    assert "No provider was called." in Page(rendered("html", report().of())).text


def test_a_verdict_names_what_is_missing() -> None:
    assert verdict(MADE, 40) is None
    assert verdict(MADE.of(), 50.5) == (
        "coverage: 50% is less than 50.5%; never seen: acme.error.busy, acme.event.done"
    )
    assert verdict(report().of(), 1) == "coverage: 1% was asked for, and no provider was called"
    many = {f"acme.error.e{number}": row(f"e{number}") for number in range(13)}
    told = verdict(Report.made(["acme"], many, tally(request())), 1)
    assert told is not None
    assert told.endswith("acme.error.e9 and 3 more")


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")
def test_the_page_is_shown_by_a_browser(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    # Were anything run, it would change the page.
    bad = f"{HOSTILE}<img src=x onerror=\"document.body.innerHTML='run'\">"
    page.write_text(rendered("html", report(request("acme.operation.make", deviations=(bad,)))), "utf-8")
    with browsing(tmp_path / "profile", "--dump-dom", page.as_uri()) as browser:
        shown = browser.communicate(timeout=90)[0]
    assert "<h1>Coverage of the client's suite</h1>" in shown
    assert "acme.<wbr>error.<wbr>busy" in shown
    assert "<img" not in shown
    assert "<script" not in shown


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_report_has_the_same_bytes(form: Any) -> None:
    assert rendered(form, MADE, 80) == rendered(form, saved.loaded(saved.data(MADE)), 80)
