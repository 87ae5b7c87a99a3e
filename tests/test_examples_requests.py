"""The sync example waits as it is told to, on the sandbox's clock, and gives up where it should."""

import sys
from typing import Any

import pytest

from mockserver import MockServer
from tests.examples import load

VIDEO = "https://example.com/hike.mp4"
SUBMIT, POLL = "videotoprompt.analyze_url", "videotoprompt.get_analysis"
pytestmark = pytest.mark.mockserver(clock="manual")


class App:
    """The example, whose time is that of the sandbox: what it sleeps passes there."""

    def __init__(self, mock: MockServer) -> None:
        self.mock = mock
        self.module = load("sync_requests")
        self.slept: list[float] = []
        self.prompts = self.module.Prompts(self.sleep, self.now)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.mock.clock.advance(seconds)

    def now(self) -> float:
        return self.mock.clock.now.timestamp()

    def prompt(self, video: str = VIDEO, **more: Any) -> str:
        """What it makes of a video."""
        with self.prompts.session:
            return str(self.prompts.prompt(video, **more))

    def statuses(self, operation: str) -> list[int | None]:
        """What the requests of an operation were answered."""
        return [request.status for request in self.mock.requests(operation)]


@pytest.fixture
def app(mockserver: MockServer, monkeypatch: pytest.MonkeyPatch) -> App:
    """The example, with its environment pointing at this test's sandbox."""
    for name, value in mockserver.env("videotoprompt").items():
        monkeypatch.setenv(name, value)
    return App(mockserver)


def test_it_polls_until_there_is_a_prompt(app: App) -> None:
    assert app.prompt().endswith("--style raw")
    # An analysis takes five to seven seconds, and is asked for every three.
    assert app.slept in ([3, 3], [3, 3, 3])
    assert (app.statuses(SUBMIT), app.statuses(POLL)) == ([202], [200] * (1 + len(app.slept)))


def test_it_waits_until_the_limit_starts_anew(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDEOTOPROMPT_API_KEY", app.mock.key("videotoprompt", "free"))
    free = App(app.mock)
    assert free.prompt(f"{VIDEO}?mock-slow", timeout=900, every=10)
    assert set(free.statuses(POLL)) == {200, 429}
    assert 10 < max(free.slept) <= 60
    # After each refusal one wait is enough.
    assert "429, 429" not in ", ".join(map(str, free.statuses(POLL)))


def test_a_failed_analysis_is_told_with_its_reason(app: App) -> None:
    with pytest.raises(app.module.Failed, match="could not be"):
        app.prompt(f"{VIDEO}?mock-fail")


@pytest.mark.parametrize("kind", ["reset", "server_error", "overloaded", "truncate"])
def test_a_poll_that_breaks_is_made_again(app: App, kind: str) -> None:
    app.mock.fault(POLL, kind, times=2, at=0.5 if kind == "truncate" else None)
    assert app.prompt()
    assert app.slept[:2] == [1, 2]


def test_a_lost_reply_is_not_submitted_twice(app: App) -> None:
    app.mock.fault(SUBMIT, "reset", phase="after_commit")
    with pytest.raises(app.module.Failed, match="no answer: ConnectionError"):
        app.prompt()
    assert len(app.mock.jobs) == 1


def test_what_takes_too_long_is_given_up(app: App) -> None:
    with pytest.raises(app.module.Failed, match=r"^given up: ana_\w+ is still processing$"):
        app.prompt(f"{VIDEO}?mock-stuck")
    assert sum(app.slept) == 120


def test_a_limit_that_ends_too_late_is_not_waited_for(app: App) -> None:
    app.mock.fault(SUBMIT, "rate_limited", retry_after="1h")
    with pytest.raises(app.module.Failed, match=r"^given up: Rate limit exceeded"):
        app.prompt()
    assert app.slept == []


@pytest.mark.mockserver(clock="auto")
@pytest.mark.parametrize(
    ("video", "told"),
    [(f"{VIDEO}?mock-fast", (0, "")), (f"{VIDEO}?mock-forbidden", (1, "no prompt: ")), ("ftp://x", (1, "no prompt: "))],
)
def test_on_the_command_line(
    app: App, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, video: str, told: tuple[int, str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["sync_requests.py", video])
    monkeypatch.setattr(app.module, "Prompts", lambda: app.prompts)
    assert app.module.main() == told[0]
    assert capsys.readouterr().err.startswith(told[1])
