"""`prove`: the planted mistake of each sample client is red in a sweep, and shown to be fixed in the mended client."""

import asyncio
import subprocess
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import pytest
import requests

from mockserver import MockServer
from mockserver.cli import prove, sweep
from mockserver.cli.main import main
from mockserver.kit.provider import Provider
from mockserver.sweep.calls import Injection
from mockserver.sweep.judging import Outcome
from mockserver.sweep.observing import Observation
from mockserver.sweep.recording import Request, record
from mockserver.sweep.state import StateFile
from mockserver.testing.host import Host
from tests.examples import EXAMPLES
from tests.programs import nodes

VIDEO = "https://example.com/hike.mp4"
TEST = "test_app.py::test_the_client"


# What the test of each client does with it. `app` is the module of a client in Python, and the file of one in Node.


def double_paid(mock: MockServer, app: Any) -> None:
    app.EVERY = 0
    with suppress(requests.RequestException):
        app.main("a hike")


def clean(mock: MockServer, app: Any) -> None:
    def now() -> float:
        return mock.clock.now.timestamp()

    videos = app.Videos(mock.clock.advance, now)
    with closing(videos.http), suppress(app.Failed):
        videos.video("a hike")


def lost_refund(mock: MockServer, app: Any) -> None:
    app.time = SimpleNamespace(sleep=lambda seconds: mock.clock.advance(12 * seconds))
    app.main(["a hike", "a lake", "a river", "a sea"])


def poll_storm(mock: MockServer, app: Any) -> None:
    async def sleep(seconds: float) -> None:
        mock.clock.advance(max(0.001, seconds))

    app.asyncio = SimpleNamespace(**{**vars(asyncio), "sleep": sleep})
    asyncio.run(app.main([VIDEO]))


def abandoned(mock: MockServer, app: Any) -> None:
    app.EVERY = 0
    asyncio.run(app.main("a hike"))


def unbounded(mock: MockServer, app: Any) -> None:
    left = iter(range(70))

    def sleep(seconds: float) -> None:
        if next(left, None) is None:
            raise TimeoutError
        mock.clock.advance(seconds)

    with suppress(TimeoutError):
        app.main(f"{VIDEO}?mock-stuck", sleep)


def downloads(mock: MockServer, app: Path) -> None:
    environment = {**mock.env("prompttovideo"), "EVERY": "0"}
    subprocess.run([nodes()[0], app, "a hike"], env=environment, timeout=60, check=False, capture_output=True)


def receives(mock: MockServer, app: Path) -> None:
    job: dict[str, Any] = {"source": {"type": "direct_url", "url": VIDEO}, "frames": 10}
    headers = {"Authorization": f"Bearer {mock.key('descrideo')}"}
    words, environment = [nodes()[0], str(app), "0"], {"SECRET": mock.secret("descrideo")}
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True) as receiver:
        assert receiver.stdout is not None
        job["webhook"] = {"url": f"http://127.0.0.1:{receiver.stdout.readline().strip()}/hook"}
        url = f"{mock.url('descrideo')}/video-descriptions"
        submitted = requests.post(url, json=job, headers=headers, timeout=10).json()
        mock.clock.advance("1h")
        requests.get(f"{url}/{submitted['job_id']}", headers=headers, timeout=10)
        receiver.terminate()


class Case(NamedTuple):
    """A client with its mistake, how a test runs it, the red cell and its result, and what mends the client.

    A pair of `mended` replaces text in the client.
    """

    client: str
    test: Callable[[MockServer, Any], None]
    cell: str
    status: str
    mended: Sequence[tuple[str, str]] = ()
    options: Mapping[str, str] = {}


DOUBLE_PAID = Case("double_paid_job.py", double_paid, "prompttovideo.generate#1=reset-after", "money lost")
MANUAL = {"clock": "manual"}
DOWNLOADS_AGAIN = """    let file = await fetch(url);
    if (!file.ok) file = await fetch(url);
"""
VERIFIES = """      const body = Buffer.concat(pieces);
      const signed = createHmac('sha256', process.env.SECRET).update(body).update(request.headers['x-nxt-timestamp']);
      if (`sha256=${signed.digest('hex')}` !== request.headers['x-nxt-signature']) return response.writeHead(401).end();
      const event ="""
STORM = Case("poll_storm.py", poll_storm, "poll_storm", "failed", [(".sleep(0)", ".sleep(5)")], MANUAL)
CASES = (
    STORM,
    Case(
        "lost_refund.py", lost_refund, "gave_up_early", "failed", [("range(2)", "range(100)")],
        {**MANUAL, "scenario": "prompttovideo-long-queue"},
    ),
    Case(
        "abandoned_job.py", abandoned, "prompttovideo.get_status@1#1=server_error", "money lost",
        [("                return 1\n            if", "                continue\n            if")],
    ),
    Case(
        "unbounded_poll.py", unbounded, "unbounded_poll", "failed",
        [("while True:", "for _ in range(30):"), ("  sleep(60)\n", "  sleep(60)\n        return 1\n")], MANUAL,
    ),
    Case(
        "resubmitted_after_download.mjs", downloads, "prompttovideo.video_file@1#1=server_error", "money lost",
        [("    const file = await fetch(url);\n", DOWNLOADS_AGAIN)],
    ),
    Case(
        "unverified_webhook.mjs", receives, "descrideo.event.description.succeeded#1=forged", "failed",
        [("import { createServer }", "import { createHmac } from 'node:crypto';\nimport { createServer }"),
         ("      const event =", VERIFIES)],
    ),
)  # fmt: skip


class Project:
    """A folder with a client and one test of it, in this process: what pytest does in the folder of a user."""

    reports_errors = False

    def __init__(self, folder: Path, host: Host, monkeypatch: pytest.MonkeyPatch, case: Case) -> None:
        self._folder = folder
        self._host = host
        self._monkeypatch = monkeypatch
        self.case = case
        self.source = (EXAMPLES / "clients" / case.client).read_text("utf-8")
        self.providers: Sequence[Provider] = host.providers

    def run(self, tests: Collection[str] | None, injection: Injection | None) -> Mapping[str, Outcome]:
        """Run the test."""
        options: Any = self.case.options
        scenario, clock = options.get("scenario"), options.get("clock", "auto")
        with MockServer.within(self._host, "sweep", scenario, None, clock, self._folder) as mock:
            observation, message = Observation(mock, injection), ""
            with self._monkeypatch.context() as patch:
                for name, value in mock.env().items():
                    patch.setenv(name, value)
                try:
                    self.case.test(mock, self._app())
                except AssertionError as error:
                    message = str(error) or "failed"
            seen = observation.end()
        return {TEST: seen._replace(passed=not message, message=message)}

    def _app(self) -> ModuleType | Path:
        path = self._folder / self.case.client
        path.write_text(self.source, "utf-8")
        if path.suffix == ".mjs":
            return path
        spec = spec_from_file_location("app", path)
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        # Byte code of a file that was changed within the same second can be that of the file before.
        exec(compile(self.source, path, "exec"), module.__dict__)
        return module

    def mend(self) -> None:
        """Correct the mistake of the client."""
        for mistake, mended in self.case.mended:
            assert mistake in self.source
            self.source = self.source.replace(mistake, mended)


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    host = Host()
    yield host
    host.close()


class Commands:
    """Runs `sweep` and `prove` on a project."""

    def __init__(self, project: Project, capsys: pytest.CaptureFixture[str]) -> None:
        self.project = project
        self._capsys = capsys

    def __call__(self, *words: str) -> tuple[int, str]:
        """Return the exit code and the output of a command."""
        code = main([*words, "--", "pytest", "-k", "video"])
        output = self._capsys.readouterr()
        return code, output.out + output.err


Open = Callable[[Case], Commands]


@pytest.fixture
def commands(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Open:
    """Return a function that makes a project of a case, and returns the commands for it."""

    def commands(case: Case) -> Commands:
        project = Project(tmp_path, host, monkeypatch, case)

        def run(words: Sequence[str], request: Request, file: StateFile, options: object) -> bool:
            record(project, request, file, lambda text: None)
            capsys.readouterr()
            return False

        for command in (sweep, prove):
            monkeypatch.setattr(command, "run_sweep", run)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        return Commands(project, capsys)

    return commands


# Each starts the tests of a client several times. These are the one that a fault shows, and one that needs none.
QUICK = ("resubmitted_after_download.mjs", "poll_storm.py")


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=case.client, marks=() if case.client in QUICK else pytest.mark.slow) for case in CASES],
)
def test_the_planted_mistake_is_red_and_proven_to_be_fixed(commands: Open, case: Case) -> None:
    run = commands(case)
    code, output = run("sweep", "--only", case.cell)
    assert code == 1, output
    assert f"{case.status}: {case.cell}\n" in output
    code, output = run("prove", case.cell)
    assert (code, output.startswith(f"not fixed: {case.cell}: {case.status} before, {case.status} now")) == (1, True)
    run.project.mend()
    assert run("prove", case.cell) == (0, f"fixed: {case.cell}: {case.status} before, survived now\n")


def test_a_double_payment_is_proven_to_be_fixed(commands: Open) -> None:
    run, cell = commands(DOUBLE_PAID), DOUBLE_PAID.cell
    code, output = run("prove", cell)
    assert (code, "not proven: no sweep has seen" in output) == (3, True)
    code, output = run("sweep", "--only", cell)
    assert code == 1
    assert "spent 2 credits instead of 1 credit" in output
    assert f"repeat: mockserver sweep --only '{cell}' -- pytest -k video\n" in output
    code, output = run("prove", cell)
    assert (code, output.startswith(f"not fixed: {cell}")) == (1, True)
    clean_project = commands(DOUBLE_PAID._replace(client="clean.py", test=clean))
    assert clean_project("prove", cell) == (0, f"fixed: {cell}: money lost before, survived now\n")


def test_a_sweep_shows_what_the_verdict_finds_without_a_fault(commands: Open) -> None:
    code, output = commands(STORM)("sweep", "--only", "poll_*")
    assert code == 1
    assert "without faults\n  poll_storm     FAIL\n  poll_too_fast  FAIL\n" in output
    assert f"    {TEST}: poll_storm: " in output
    assert "repeat: mockserver sweep --only poll_storm -- pytest -k video\n" in output


def test_a_rule_is_not_proven_by_a_test_that_fails_or_makes_no_calls(commands: Open) -> None:
    def fails(mock: MockServer, app: Any) -> None:
        clean(mock, app)
        raise AssertionError("no video")

    assert commands(STORM)("sweep", "--only", "poll_storm")[0] == 1
    code, output = commands(STORM._replace(test=lambda mock, app: None))("prove", "poll_storm")
    assert (code, output) == (3, "sweep: no calls to a provider were observed\n")
    code, output = commands(STORM._replace(client="clean.py", test=fails))("prove", "poll_storm")
    assert (code, output) == (
        3, f"not proven: poll_storm: failed before, unknown now\n    {TEST} fails without faults: no video\n"
    )  # fmt: skip


def test_a_misspelled_rule_is_recognized(commands: Open) -> None:
    code, output = commands(DOUBLE_PAID)("sweep", "--only", "poll_strm")
    assert (code, "it names neither a call nor a rule; did you mean 'poll_storm'?" in output) == (3, True)


def test_a_cell_is_not_proven_if_its_test_is_gone(commands: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    run, cell = commands(CASES[2]), CASES[2].cell
    assert run("sweep", "--only", cell)[0] == 1
    run.project.mend()
    monkeypatch.setattr("tests.test_prove.TEST", "test_app.py::test_another")
    code, output = run("prove", cell)
    assert code == 3
    assert output == f"not proven: {cell} was money lost in test_app.py::test_the_client, which makes no calls now\n"


def test_the_command_that_repeats_a_cell_has_the_options_of_a_program(commands: Open) -> None:
    output = commands(STORM)("sweep", "--scenario", "default", "--clock", "real", "--only", "poll_storm")[1]
    assert "repeat: mockserver sweep --scenario default --clock real --only poll_storm -- pytest -k video\n" in output


@pytest.mark.parametrize("severity", ["note", "warning"])
def test_only_errors_and_warnings_without_a_fault_are_cells(severity: str) -> None:
    from mockserver.sweep.judging import Seen
    from mockserver.sweep.without_faults import judged, rule_cells

    run = Outcome(True, findings=(Seen("wasted_credits", severity, "m", costs=True),))
    cells = rule_cells({"t": run}, ())
    assert [cell.id for cell in cells] == (["wasted_credits"] if severity == "warning" else [])
    assert [judged(cell, {"t": run}).status for cell in cells] == ["money lost"] * len(cells)
    (named,) = rule_cells({"t": run}, ["poll_storm"])[:1]
    assert judged(named, {"t": run}).status == "survived"
