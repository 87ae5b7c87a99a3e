"""The log of `serve`: what people read in the terminal while an application runs, and what programs read."""

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from mockserver.core.journal import JournalEntry
from mockserver.serving.activity_log import has_colours
from mockserver.serving.line_writer import MAX_WAITING, LineWriter
from mockserver.serving.log_lines import JsonLines, TextLines, times_of
from tests.conversation import Conversation

KEY = {"authorization": "Bearer key-1234567890"}


async def lines(c: Conversation, form: JsonLines | TextLines | None = None) -> list[str]:
    """Return the lines about what has happened so far, without the time and the duration."""
    form = form or TextLines()
    written = []
    for sandbox in c.app.sandboxes.by_name.values():
        entries = (await sandbox.store.entries_since(0, 1_000)).entries
        written += [form(sandbox.name, entry) for entry in entries if entry.kind != "transition"]
    return [re.sub(r"^[\d:]+  |[<\d]+ ms  ?", "", line) for line in written]


async def submit(c: Conversation, word: str = "hike", **more: Any) -> Any:
    body = {"url": f"https://example.com/{word}.mp4", **more}
    return await c.client.post("/videotoprompt/v1/analyze/url", json=body, headers=KEY)


async def test_a_request_has_its_status_operation_job_rule_fault_and_deviation() -> None:
    async with Conversation() as c:
        first = (await submit(c)).json()["id"]
        second = (await submit(c, "mock-slow", plattform="x")).json()["id"]
        await submit(c, "mock-rate-limited")
        await c.client.get("/videotoprompt/v1/analyze/ana_unknown", headers=KEY)
        written = [re.sub(" {2,}", "  ", line) for line in await lines(c)]
    assert written[0] == f"202  videotoprompt.analyze_url  job {first}"
    assert written[1].startswith(
        f"202  videotoprompt.analyze_url  job {second}  rule magic mock-slow  deviation plattform:"
    )
    assert written[2].startswith("429  videotoprompt.analyze_url  rule magic mock-rate-limited  fault rate_limited")
    assert written[3].startswith("404  videotoprompt.get_analysis  not_found")


async def test_requests_that_were_reset_or_damaged_have_a_line() -> None:
    async with Conversation() as c:
        for word in ("mock-reset", "mock-lost-reply", "mock-truncate", "mock-garble"):
            with suppress(ConnectionResetError):
                await submit(c, word)
        written = await lines(c)
    assert [line.split("  ")[0] for line in written] == ["---", "---", "202", "202"]
    assert [line.rpartition("  ")[2] for line in written] == [
        "no reply", "the reply was lost", "the reply was cut off", "the reply was damaged",
    ]  # fmt: skip
    assert all("fault " in line for line in written)


async def test_a_request_that_no_provider_has_is_named_by_its_path_without_its_secrets() -> None:
    async with Conversation() as c:
        await c.client.get("/nothing/key-1234567890/x", headers=KEY)
        [line] = await lines(c)
    assert line.startswith("404  GET /nothing/key-12...")
    assert "no provider has this path" in line


async def test_an_attempt_of_a_webhook_has_a_line_with_its_number_and_outcome() -> None:
    async with Conversation() as c:
        webhook = {"url": "http://127.0.0.1:9000/hook", "secret": "whsec-1234567890"}
        await c.client.patch("/_mock/accounts/key-1234567890?provider=videotoprompt", json={"webhook": webhook})
        await submit(c)
        await c.advance(60)
        written = await lines(c)
        programs = [json.loads(line) for line in await lines(c, JsonLines())]
    [line] = [line for line in written if "webhook  analysis" in line]
    assert re.fullmatch(
        r"(2\d\d|   )  webhook  analysis\.completed attempt 1: .+  job ana_\w+  to http://127\.0\.0\.1:9000/hook", line
    )
    assert any("videotoprompt: changed the account: webhook" in line for line in written)
    [attempt] = [each for each in programs if each["kind"] == "delivery"]
    assert (attempt["attempt"], attempt["provider"], attempt["path"]) == (1, "videotoprompt", webhook["url"])
    assert "1234567890" not in json.dumps(programs)


async def test_the_sandbox_is_named_unless_it_is_the_default_one() -> None:
    async with Conversation() as c:
        await c.client.post("/_mock/sandboxes", json={"name": "alice"})
        await c.client.post("/~alice/videotoprompt/v1/analyze/url", json={"url": "https://x.org/a.mp4"}, headers=KEY)
        assert (await lines(c))[0].endswith("  sandbox alice")
        assert json.loads((await lines(c, JsonLines()))[0])["sandbox"] == "alice"


async def test_programs_get_one_object_a_line() -> None:
    async with Conversation() as c:
        job = (await submit(c, "mock-slow")).json()["id"]
        with pytest.raises(ConnectionResetError):
            await submit(c, "mock-reset")
        first, second = (json.loads(line) for line in await lines(c, JsonLines()))
    assert {name: first[name] for name in ("kind", "status", "operation", "job", "rule", "delivered")} == {
        "kind": "request", "status": 202, "operation": "videotoprompt.analyze_url", "job": job,
        "rule": "magic mock-slow", "delivered": "whole",
    }  # fmt: skip
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first["time"])
    assert isinstance(first["duration_ms"], int)
    assert (second["status"], second["fault"], second["delivered"]) == (None, "reset", "none")


def test_the_duration_is_that_of_the_machine_not_of_the_sandbox() -> None:
    entry = JournalEntry("request", 0, written_at=600_000, method="GET", path="/x", status=200, real=(5_000, 5_012))
    assert times_of(entry) == (5_000, 12)
    assert "  12 ms" in TextLines()("default", entry)


def test_a_note_cannot_control_the_terminal() -> None:
    entry = JournalEntry("request", 0, method="GET", path="/\x1b[31m\n", status=404, note="a\rb" + "x" * 500)
    line = TextLines()("default", entry)
    assert line.isprintable()
    assert "/\\x1b[31m\\n" in line
    assert len(line) < 400


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("output", "environment", "colours"),
    [
        (_Terminal(), {}, True),
        (_Terminal(), {"NO_COLOR": "1"}, False),
        (_Terminal(), {"NO_COLOR": ""}, True),
        (_Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {}, False),
        (io.StringIO(), {"FORCE_COLOR": "1"}, True),
        (io.StringIO(), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colours_are_for_terminals_and_can_be_switched_off(
    output: io.StringIO, environment: dict[str, str], colours: bool
) -> None:
    assert has_colours(output, environment) is colours


def test_colours_change_nothing_else() -> None:
    entry = JournalEntry("request", 0, operation="descrideo.get_usage", status=429, rule="r", fault="rate_limited")
    coloured = TextLines(colour=True)("default", entry)
    assert "\x1b[33m429\x1b[0m" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == TextLines()("default", entry)


# Writing.


def writer(descriptor: int) -> LineWriter:
    made = LineWriter(descriptor, lambda count: f"({count} more)")
    made.start()
    return made


def test_an_output_that_is_not_read_does_not_hold_up_the_writer_and_the_rest_is_counted() -> None:
    reading, writing = os.pipe()
    log, line = writer(writing), "x" * 99
    batch = [line] * 1_000
    written = 0
    # Much more than what fits into the pipe and into the memory. If one of these calls waited, it would wait for ever.
    for _ in range(3 * MAX_WAITING // 100_000):
        log.write(batch)
        written += len(batch)
    text = io.FileIO(reading)
    received, missed = 0, 0
    log.write(["last"])
    done = threading.Thread(target=log.close)
    done.start()
    buffered = b""
    while received + missed < written:
        buffered += text.read(65_536) or b""
        complete, _, buffered = buffered.rpartition(b"\n")
        for each in complete.split(b"\n"):
            received += each == line.encode()
            missed += int(each[1:].split()[0]) if each.startswith(b"(") else 0
    done.join()
    assert missed > 0
    text.close()
    os.close(writing)


def test_lines_stay_whole_if_several_processes_write_into_one_pipe() -> None:
    reading, writing = os.pipe()
    # Two writers that share nothing but the pipe are like two processes. Together they write much more than it holds.
    logs = [LineWriter(writing, str, shared=True) for _ in range(2)]
    lines = [[letter * (50 + 37 * (n % 40)) for n in range(400)] for letter in "ab"]
    for log, batch in zip(logs, lines, strict=True):
        log.write(batch)
        log.start()
    with io.FileIO(reading) as text:
        received = b""
        while received.count(b"\n") < 800:
            received += text.read(65_536) or b""
    assert sorted(received.decode().splitlines()) == sorted(lines[0] + lines[1])
    for log in logs:
        log.close()
    os.close(writing)


# In a process.


@dataclass
class _Serving:
    process: "subprocess.Popen[str]"
    url: str
    output: Sequence[str]


@contextmanager
def serving(folder: Path, *flags: str) -> Iterator[_Serving]:
    """Run a server. After the block `output` has everything that it printed."""
    command = [sys.executable, "-m", "mockserver", "serve", "--port", "0", *flags]
    output: list[str] = []
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        # If the server hangs, this test fails, but the run goes on.
        watchdog = threading.Timer(30, process.kill)
        watchdog.start()
        assert process.stdout is not None
        for line in process.stdout:
            output.append(line)
            if line.startswith(("  Control", "{")):
                break
        url = re.findall(r"http://localhost:\d+", output[-1])[0]
        yield _Serving(process, url, output)
        process.send_signal(signal.SIGINT)
        output += process.communicate()[0].splitlines()
        assert process.returncode == 0
        watchdog.cancel()


def call(url: str) -> None:
    body = {"url": "https://example.com/hike.mp4"}
    httpx2.post(f"{url}/videotoprompt/v1/analyze/url", json=body, headers=KEY).raise_for_status()


def test_serve_prints_a_line_for_each_request_also_for_the_last_one(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        for _ in range(3):
            call(server.url)
    assert [line[8:40] for line in server.output if "analyze_url " in line] == ["  202  videotoprompt.analyze_url"] * 3


def test_serve_is_quiet_if_asked(tmp_path: Path) -> None:
    with serving(tmp_path, "--quiet") as server:
        call(server.url)
    assert not [line for line in server.output if "analyze_url " in line]


def test_the_output_for_programs_contains_only_json(tmp_path: Path) -> None:
    with serving(tmp_path, "--log", "json") as server:
        call(server.url)
    ready, request = map(json.loads, server.output)
    assert (ready["kind"], ready["url"], ready["scenario"]) == ("ready", server.url, "default")
    assert (request["kind"], request["status"]) == ("request", 202)


def test_a_request_that_hangs_when_the_server_ends_has_a_line(tmp_path: Path) -> None:
    body = b'{"url": "https://example.com/mock-hang.mp4"}'
    head = "POST /videotoprompt/v1/analyze/url HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer key-1\r\n"
    fields = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with serving(tmp_path) as server:
        address = ("127.0.0.1", int(server.url.rpartition(":")[2]))
        with socket.create_connection(address) as hanging:
            hanging.sendall((head + fields).encode() + body)
            call(server.url)  # the server has received the other request before the reply to this one
    assert [line for line in server.output if "fault hang  no reply" in line and "  ---  " in line]
