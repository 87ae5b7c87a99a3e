"""The sample clients: the planted mistake of each is found, and nothing is found in the one without."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mockserver import MockServer
from tests.examples import EXAMPLES, load
from tests.programs import nodes
from tests.test_exam import items_of, outcomes

CLIENTS = EXAMPLES / "clients"
VIDEO = "https://example.com/hike.mp4"
GENERATE, STATUS = "prompttovideo.generate", "prompttovideo.get_status"


def run(mock: MockServer, name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    program = [sys.executable] if name.endswith(".py") else nodes()[:1]
    environment = {**os.environ, **mock.env(), "EVERY": "0"}
    command = [*program, str(CLIENTS / name), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def rules(mock: MockServer, *severities: str) -> set[str]:
    wanted = severities or ("error", "warning")
    return {finding.rule for finding in mock.verdict().findings if finding.severity in wanted}


def test_a_lost_reply_is_paid_twice(mockserver: MockServer) -> None:
    mockserver.fault(GENERATE, "reset", phase="after_commit")
    assert run(mockserver, "double_paid_job.py", "a hike").returncode == 0
    assert rules(mockserver) == {"duplicate_paid_job"}


@pytest.mark.mockserver(clock="manual")
def test_a_refund_is_counted_on_that_never_comes(mockserver: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in mockserver.env("prompttovideo").items():
        monkeypatch.setenv(name, value)
    mockserver.use("prompttovideo-long-queue")
    module = load("clients/lost_refund")
    monkeypatch.setattr(module.time, "sleep", mockserver.clock.advance)
    assert module.main(["a hike", "a lake", "a river", "a sea"]) == 1
    mockserver.clock.advance("2h")
    assert rules(mockserver) == {"gave_up_early"}
    assert "wasted_credits" in rules(mockserver, "note")


@pytest.mark.mockserver(clock="manual")
def test_polls_without_a_pause_are_a_storm(mockserver: MockServer) -> None:
    run(mockserver, "poll_storm.py", *(f"https://example.com/{i}.mp4" for i in range(3)))
    assert "poll_storm" in rules(mockserver)
    assert rules(mockserver) <= {"poll_storm", "poll_too_fast"}


def test_one_failed_poll_abandons_a_paid_job(mockserver: MockServer) -> None:
    mockserver.fault(STATUS, "server_error")
    assert run(mockserver, "abandoned_job.py", "a hike").returncode == 1
    mockserver.clock.advance("1h")
    assert rules(mockserver) == {"abandoned_paid_job"}


@pytest.mark.mockserver(clock="manual")
def test_a_job_that_never_ends_is_polled_for_ever(mockserver: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in mockserver.env("videotoprompt").items():
        monkeypatch.setenv(name, value)
    left = iter(range(90))

    def sleep(seconds: float) -> None:
        next(left)
        mockserver.clock.advance(seconds)

    with pytest.raises(StopIteration):
        load("clients/unbounded_poll").main(f"{VIDEO}?mock-stuck", sleep)
    assert rules(mockserver) == {"unbounded_poll"}


def test_a_failed_download_is_paid_for_again(mockserver: MockServer) -> None:
    mockserver.fault("prompttovideo.video_file", "server_error")
    done = run(mockserver, "resubmitted_after_download.mjs", "a hike")
    assert done.returncode == 0, done.stderr
    assert rules(mockserver) == {"resubmitted_after_download_failure"}


@contextmanager
def receiver() -> Iterator[str]:
    command = [nodes()[0], str(CLIENTS / "unverified_webhook.mjs"), "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


@pytest.mark.mockserver(scenario="descrideo-webhooks-forged")
def test_forged_webhooks_are_accepted(mockserver: MockServer) -> None:
    import requests

    body = {"source": {"type": "direct_url", "url": VIDEO}, "frames": 10}
    headers = {"Authorization": f"Bearer {mockserver.key('descrideo')}"}
    with receiver() as url:
        for _ in range(3):
            job = {**body, "webhook": {"url": f"{url}/hook"}}
            requests.post(f"{mockserver.url('descrideo')}/video-descriptions", json=job, headers=headers, timeout=10)
        mockserver.clock.advance("1h")
        assert rules(mockserver) == {"webhook_accepts_forgery"}
        items = items_of(url, "descrideo", "wrong-secret", "missing-signature", "stale")
        assert outcomes(items, "fail") == {"wrong-secret", "missing-signature", "stale"}


def clean(mock: MockServer, monkeypatch: pytest.MonkeyPatch, prompt: str = "a hike") -> str:
    """Run the clean client in this process. What it sleeps passes on the sandbox's clock. Return how it ended."""
    for name, value in mock.env("prompttovideo").items():
        monkeypatch.setenv(name, value)
    module = load("clients/clean")

    def mock_time() -> float:
        return mock.clock.now.timestamp()

    videos = module.Videos(mock.clock.advance, mock_time)
    try:
        return f"{len(videos.video(prompt))} bytes"
    except module.Failed as failed:
        return str(failed)
    finally:
        videos.http.close()


SCENARIOS = sorted(
    path.stem
    for path in (EXAMPLES.parent / "scenarios").glob("*.yaml")
    if path.stem.startswith(("prompttovideo-", "wire-"))
)
# Here no client gets an answer within the time that a test has.
ENDLESS = ("wire-hang", "wire-stall", "wire-slow-drip", "wire-slow-tail", "wire-latency")


@pytest.mark.mockserver(clock="manual")
@pytest.mark.parametrize("scenario", [name for name in SCENARIOS if name not in ENDLESS])
def test_nothing_is_found_in_the_clean_client(
    mockserver: MockServer, monkeypatch: pytest.MonkeyPatch, scenario: str
) -> None:
    mockserver.use(scenario)
    assert clean(mockserver, monkeypatch)
    mockserver.clock.advance("2h")
    assert rules(mockserver) == set()


@pytest.mark.mockserver(clock="auto")
def test_the_clean_client_writes_its_video(mockserver: MockServer, tmp_path: Path) -> None:
    assert run(mockserver, "clean.py", "a hike", str(tmp_path / "hike.mp4")).returncode in (0, 1)
    assert rules(mockserver) == set()
