"""`mockserver tail` and `mockserver top`: the journal of a running server in a terminal."""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from mockserver.cli.client import RemoteError
from mockserver.cli.entry_filter import WrongFilter, entry_filter
from mockserver.cli.event_stream import EventStream
from mockserver.cli.main import main
from mockserver.cli.tail import entry_of, follow, follow_all
from mockserver.cli.top_screen import Snapshot, duration, screen
from mockserver.cli.traffic import OperationTraffic, Traffic
from mockserver.control.summaries import Summaries
from mockserver.core.journal import JournalEntry
from mockserver.core.masking import Masking
from mockserver.serving.log_lines import JsonLines, TextLines
from tests.conversation import Conversation
from tests.live import Live, live

KEY = {"authorization": "Bearer key-1234567890"}
Out = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def server() -> Iterator[Live]:
    with live({"extends": "default", "accounts": [{"key": "*", "credits": 5}]}) as running:
        yield running


@pytest.fixture
def at(server: Live) -> Live:
    server.client.post("/_mock/reset", json={"what": "all"})
    return server


def submit(at: Live, word: str = "hike") -> Any:
    return at.client.post(
        "/videotoprompt/v1/analyze/url", json={"url": f"https://example.com/{word}.mp4"}, headers=KEY
    ).json()


def tail(at: Live, *words: str, **options: Any) -> Iterator[list[str]]:
    defaults: dict[str, Any] = {"filter": list(words), "lines": 10, "json": False, "sandbox": "default"}
    return follow(argparse.Namespace(**{**defaults, **options}), at.base, "")


def test_it_begins_with_the_last_lines_and_continues_with_new_ones(at: Live) -> None:
    jobs = [submit(at)["id"] for _ in range(3)]
    lines = tail(at, lines=2)
    first = next(lines)
    assert [line.rpartition("job ")[2] for line in first] == jobs[1:]
    job = submit(at)["id"]
    [line] = next(lines)
    assert re.fullmatch(rf"\d\d:\d\d:\d\d  202  videotoprompt\.analyze_url +(<1|\d+) ms  job {job}", line)


def test_steps_of_jobs_have_lines_only_if_they_are_asked_for(at: Live) -> None:
    job = submit(at)["id"]
    at.advance("1m")
    assert [line for line in next(tail(at)) if "transition" in line] == []
    steps = next(tail(at, "kind:transition"))
    assert [re.sub(" +", " ", line.partition("transition")[2]) for line in steps] == [
        f" running job {job}", f" succeeded job {job}",
    ]  # fmt: skip


def test_programs_get_the_fields_of_the_log(at: Live) -> None:
    submit(at, "mock-rate-limited")
    [line] = next(tail(at, "status:429", json=True))
    fields = json.loads(line)
    assert (fields["status"], fields["fault"], fields["rule"]) == (429, "rate_limited", "magic mock-rate-limited")
    assert "1234567890" not in line


async def test_the_lines_are_those_of_the_log_of_serve() -> None:
    async with Conversation() as c:
        webhook = {"url": "http://127.0.0.1:9000/hook", "secret": "whsec-1234567890"}
        await c.client.patch("/_mock/accounts/key-1234567890?provider=videotoprompt", json={"webhook": webhook})
        for body in ({"url": "https://e.com/a.mp4", "plattform": "x"}, {"url": "https://e.com/mock-reset.mp4"}, {}):
            with suppress(ConnectionResetError):
                await c.client.post("/videotoprompt/v1/analyze/url", json=body, headers=KEY)
        await c.client.get("/nothing/key-1234567890/x", headers=KEY)
        await c.advance(60)
        store = c.app.sandboxes.default.store
        entries = [e for e in (await store.entries_since(0, 1_000)).entries if e.kind != "transition"]
    summaries = [Summaries(Masking()).of(entry) for entry in entries]
    read = [entry_of(json.loads(json.dumps(each)), real_clock=False) for each in summaries]

    def without_time(lines: list[str]) -> list[str]:
        return [re.sub(r"^\d\d:\d\d:\d\d|\"time\":\"[^\"]*\"", "", line) for line in lines]

    assert len(entries) > 5
    for log, here in ((TextLines(), TextLines(masked=True)), (JsonLines(), JsonLines(masked=True))):
        assert without_time([here("a", e) for e in read]) == without_time([log("a", e) for e in entries])


ENTRY = {
    "offset": 7, "kind": "request", "at": 0, "provider": "videotoprompt", "operation": "videotoprompt.analyze_url",
    "method": "POST", "status": 429, "job": "ana_x", "rule": "throttled", "account": "videotoprompt:demo",
    "path": "/v1/a", "fault": "rate_limited", "deviations": ["plattform: unknown field"],
}  # fmt: skip


def test_the_filter_for_a_job_matches_refused_requests_that_name_it_in_their_path() -> None:
    refused = {"kind": "request", "status": 503, "path": "/v1/analyze/ana_x"}
    assert entry_filter(["job:ana_x"])(refused)
    assert not entry_filter(["job:ana_y"])(refused)


@pytest.mark.parametrize(
    ("words", "matches"),
    [
        ("", True),
        ("status:429", True),
        ("status:4xx op:ANALYZE job:ana rule:throt provider:video account:demo", True),
        ("fault:rate_limited method:post kind:request is:failed is:deviating", True),
        ("-status:429", False),
        ("status:none", False),
        ("status:5xx", False),
        ("op:generate", False),
        ("throttled", True),
        ("https://nothing", False),
        ("-op:generate -kind:delivery", True),
    ],
)
def test_a_filter_is_that_of_the_page(words: str, matches: bool) -> None:
    assert entry_filter(words.split())(ENTRY) is matches


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("stauts:429", "there is no field 'stauts' in filters; did you mean 'status'?"),
        ("is:faild", "is: there is no 'faild'; did you mean 'failed'?"),
        ("kind:webhook", "kind: there is no 'webhook'"),
        ("status:4x", "status: must be a status such as 429, 5xx or none, not '4x'"),
    ],
)
def test_a_wrong_filter_is_reported(word: str, message: str) -> None:
    with pytest.raises(WrongFilter, match=re.escape(message)):
        entry_filter([word])


@pytest.mark.parametrize("command", ["tail", "top"])
def test_a_wrong_address_sandbox_or_option_ends_with_code_2(
    command: str, at: Live, unused_url: str, capsys: Out
) -> None:
    assert main([command, "--url", unused_url]) == 2
    assert capsys.readouterr().err.startswith(f"no answer from {unused_url}: ")
    assert main([command, "--url", at.base, "--sandbox", "nope"]) == 2
    assert "There is no sandbox named 'nope'" in capsys.readouterr().err


def test_wrong_numbers_are_reported(capsys: Out) -> None:
    assert main(["tail", "-n", "-1"]) == 2
    assert capsys.readouterr().err == "--lines must be from 0 to 5000, not -1\n"
    with pytest.raises(SystemExit):
        main(["top", "--interval", "0"])
    assert "must be seconds from 0.1 to 3600, not '0'" in capsys.readouterr().err


def test_lines_go_on_when_the_journal_is_cleared(at: Live) -> None:
    submit(at)
    lines = tail(at, "kind:request")
    assert len(next(lines)) == 1
    at.client.post("/_mock/reset", json={"what": "journal"})
    job = submit(at, "other")["id"]
    assert [line.rpartition("job ")[2] for line in next(lines)] == [job]


def test_all_sandboxes_are_followed_also_new_ones(at: Live) -> None:
    for name in ("first", "second"):
        at.client.post("/_mock/sandboxes", json={"name": name})
        at.client.get(f"/~{name}/videotoprompt/v1/{name}")
    options = argparse.Namespace(filter=["kind:request"], lines=10, json=True, sandbox="default")
    batches = follow_all(options, at.base, "")
    lines = (json.loads(line) for batch in batches for line in batch)
    assert {next(lines)["sandbox"], next(lines)["sandbox"]} == {"first", "second"}
    at.client.delete("/_mock/sandboxes/first")
    at.client.post("/_mock/sandboxes", json={"name": "third"})
    at.client.get("/~third/videotoprompt/v1/x")
    assert next(lines)["sandbox"] == "third"
    at.client.get("/videotoprompt/v1/x")
    assert next(lines)["sandbox"] == "default"
    lines.close()
    batches.close()
    for name in ("second", "third"):
        at.client.delete(f"/_mock/sandboxes/{name}")


def test_a_deleted_sandbox_ends_the_lines(at: Live) -> None:
    at.client.post("/_mock/sandboxes", json={"name": "brief"})
    lines = tail(at, sandbox="brief")
    at.client.get("/~brief/videotoprompt/v1/x")
    assert len(next(lines)) == 1
    at.client.delete("/_mock/sandboxes/brief")
    with pytest.raises(RemoteError, match="no sandbox named 'brief'"):
        next(lines)


class _Broken(BaseHTTPRequestHandler):
    """Ends the first stream after one entry, answers the next request with 503, and then continues."""

    places: list[str | None]

    def do_GET(self) -> None:
        self.places.append(self.headers["Last-Event-ID"])
        turn = len(self.places)
        self.send_response(503 if turn == 2 else 200)
        self.end_headers()
        if turn != 2:
            self.wfile.write(f'id: j-{turn}\nevent: entries\ndata: [{{"offset": {turn}}}]\n\nid: j-9\nevent:'.encode())

    def log_message(self, *arguments: Any) -> None:
        """Print nothing."""


@contextmanager
def broken() -> Iterator[tuple[str, list[str | None]]]:
    _Broken.places = []
    with HTTPServer(("127.0.0.1", 0), _Broken) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", _Broken.places
        finally:
            server.shutdown()
            thread.join()


def test_a_lost_connection_continues_at_the_last_whole_event() -> None:
    reports: list[str] = []
    with broken() as (base, places):
        stream = EventStream(base, "/_mock/events", "", reports.append, pause=lambda seconds: None).events()
        assert next(stream).data == [{"offset": 1}]
        assert next(stream).data == [{"offset": 3}]
    assert places == [None, "j-1", "j-1"]
    assert reports == ["the connection was lost; trying to connect again (Ctrl+C ends)", "connected again"]


def test_ctrl_c_ends_it_without_a_traceback(at: Live) -> None:
    submit(at)
    command = [sys.executable, "-m", "mockserver", "tail", "--url", at.base]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "analyze_url" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=10)
    assert (rest, errors, process.returncode) == ("", "", 130)


# top


def test_top_prints_once_where_there_is_no_terminal(at: Live, capsys: Out) -> None:
    job = submit(at)["id"]
    submit(at, "mock-rate-limited")
    assert main(["top", "--url", at.base]) == 0
    text = capsys.readouterr().out
    assert "\x1b" not in text
    assert re.search(r"^JOBS 1   1 queued$", text, re.MULTILINE)
    assert re.search(rf"^  {job} +videotoprompt\.analyze_url +queued", text, re.MULTILINE)
    assert re.search(r"^  videotoprompt\.analyze_url +\d\.\d +2 +1   429$", text, re.MULTILINE)
    assert re.search(r"requests_per_minute +\[#*\.*\] 2 / \d+", text)
    assert re.search(r"^  videotoprompt key-\S+ +credits 5$", text, re.MULTILINE)
    assert "DELIVERIES 0" in text


def test_top_does_not_connect_again_after_its_end(capsys: Out) -> None:
    with live({"extends": "default"}) as at:
        earlier = set(threading.enumerate())
        assert main(["top", "--url", at.base]) == 0
        threads = [each for each in threading.enumerate() if each.name == "top" and each not in earlier]
    assert len(threads) == 1
    threads[0].join(5)
    assert not threads[0].is_alive()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_top_uses_the_terminal_and_restores_it(at: Live) -> None:
    import pty

    submit(at)
    reading, writing = pty.openpty()
    command = [sys.executable, "-m", "mockserver", "top", "--interval", "0.2", "--url", at.base]
    with subprocess.Popen(
        command, stdout=writing, stderr=subprocess.PIPE, env={**os.environ, "TERM": "xterm"}
    ) as process:
        text = b""
        while text.count(b"\x1b[J") < 2:
            text += os.read(reading, 65_536)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        errors = process.stderr.read()
        process.wait(10)
    os.close(writing)
    with suppress(OSError):
        while more := os.read(reading, 65_536):
            text += more
    os.close(reading)
    assert text.startswith(b"\x1b[?1049h")
    assert text.endswith(b"\x1b[?25h\x1b[?1049l")
    assert (errors, process.returncode) == (b"", 130)


def snapshot(**more: Any) -> Snapshot:
    job = {
        "id": "ana_x", "operation": "videotoprompt.analyze_url", "status": "running", "held": False, "stage": None,
        "progress": 40, "created": 1_000, "steps": [],
    }  # fmt: skip
    usage = {"name": "per_minute", "used": 60, "allowed": 60, "resets_at": 70_000}
    account = {"provider": "videotoprompt", "key": "demo", "usage": [usage], "credits": None, "reserved": 0}
    delivery = {
        "outcome": "given_up", "event": "analysis.completed", "url": "http://h/\x1b[2J",
        "attempts": [{"status": 500, "error": None, "outcome": "response"}],
    }  # fmt: skip
    clock = {"mode": "scaled", "speed": 60.0, "now": "2026-01-01T00:00:00Z", "milliseconds": 10_000, "next_event": None}
    defaults = {
        "base": "http://localhost:8080", "sandbox": "default",
        "clock": clock, "state": {"scenario": "demo", "faults": 1}, "jobs": {"jobs": [job] * 40, "total": 90},
        "accounts": {"accounts": [account] * 40}, "deliveries": {"deliveries": [delivery] * 40},
        "traffic": [OperationTraffic(f"a.op{n}", 1.5, 20, 1, None) for n in range(40)],
    }  # fmt: skip
    return Snapshot(**{**defaults, **more})


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (40, 10), (200, 60), (20, 3), (1, 1)])
def test_the_screen_fits_the_terminal(columns: int, rows: int) -> None:
    lines = screen(snapshot(), columns, rows)
    assert len(lines) <= rows
    assert all(len(line) <= max(columns, 3) and (line.isprintable() or not line) for line in lines)


def test_the_screen_has_a_part_of_each_section_and_counts_the_rest() -> None:
    text = "\n".join(screen(snapshot(), 120, 30, colour=True))
    for part in ("JOBS 90   40 running (the newest 40)  (35 more)", "REQUESTS 60.0 a second", "60 / 60", "given up"):
        assert part in text
    assert "clock scaled x60" in text
    assert "1 armed fault" in text
    assert "\\x1b[2J" in text
    assert "\x1b[31m" in text


def test_requests_are_counted_by_operation() -> None:
    traffic = Traffic()
    entries = [{"offset": n, "kind": "request", "at": n * 100, "operation": "a.b", "status": 200} for n in range(50)]
    traffic.add([*entries, {"offset": 50, "kind": "transition", "at": 5_000}], None)
    traffic.add([{"offset": 51, "kind": "request", "at": 5, "began": 1, "status": 500}], 9_000)
    assert traffic.by_operation(11_000) == [
        OperationTraffic("a.b", 3.9, 50, 0, 200), OperationTraffic("no operation", 0.1, 1, 1, 500),
    ]  # fmt: skip
    assert [each.rate for each in traffic.by_operation(30_000)] == [0, 0]
    traffic.clear()
    assert traffic.by_operation(11_000) == []


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(350, "350 ms"), (2_500, "2.5 s"), (200_000, "3 min 20 s"), (7_500_000, "2 h 5 min"), (300_000_000, "3 d")],
)
def test_durations_are_short(milliseconds: int, text: str) -> None:
    assert duration(milliseconds) == text


def test_an_entry_keeps_the_time_of_the_machine() -> None:
    entry = JournalEntry("request", 5_000, method="GET", path="/x", status=200, real=(77_000, 77_012))
    read = entry_of(Summaries(Masking()).of(entry), real_clock=False)
    assert read.real == (77_000, 77_012)
