"""Cases that a verdict by a hash of method, path and body gets wrong. Each is a real conversation with the server.

It reports a renewed token, two callers with the same prompt and a refusal that is passed on as errors. It misses a
double charge and a storm of polls. And it passes a client that was never seen.
"""

from collections.abc import Iterator

import pytest
import requests

from mockserver import MockServer

GENERATE = {"prompt": "sunset over the ocean", "quality": "free"}


@pytest.fixture
def mock() -> Iterator[MockServer]:
    with MockServer(clock="manual") as mock:
        yield mock


def generate(mock: MockServer, key: str | None = None, **headers: str) -> requests.Response:
    url = f"{mock.url('prompttovideo')}/api/v1/generate"
    headers = {"Authorization": f"Bearer {key or mock.key('prompttovideo')}", **headers}
    return requests.post(url, json=GENERATE, headers=headers, timeout=10)


def status(mock: MockServer, video: int) -> requests.Response:
    url = f"{mock.url('prompttovideo')}/api/v1/video/{video}/status"
    return requests.get(url, headers={"Authorization": f"Bearer {mock.key('prompttovideo')}"}, timeout=10)


def collect(mock: MockServer, reply: requests.Response) -> None:
    """Wait until a video has completed, and look at it once."""
    mock.clock.advance("30s")
    key = reply.request.headers["Authorization"]
    url = f"{mock.url('prompttovideo')}/api/v1/video/{reply.json()['video_id']}/status"
    assert requests.get(url, headers={"Authorization": key}, timeout=10).json()["status"] == "completed"


def test_a_renewed_token_is_no_repetition(mock: MockServer) -> None:
    assert generate(mock, mock.key("prompttovideo", "invalid")).status_code == 401
    collect(mock, generate(mock))
    assert mock.verdict().clean


def test_an_expired_token_that_is_refreshed_is_no_repetition() -> None:
    with MockServer("videotoprompt-oauth-clients", clock="manual") as mock:
        base = mock.url("videotoprompt", "/v1/analyze/url")
        for token in ("expired-invalid", mock.key("videotoprompt")):
            headers = {"Authorization": f"Bearer {token}"}
            requests.post(base, json={"url": "https://example.com/a.mp4"}, headers=headers, timeout=10)
        assert not mock.verdict().findings


def test_two_callers_with_the_same_prompt_are_no_repetition(mock: MockServer) -> None:
    replies = [generate(mock, mock.key("prompttovideo", name)) for name in ("anna", "ben")]
    for reply in replies:
        collect(mock, reply)
    assert mock.verdict().clean


def test_two_callers_with_the_same_prompt_whose_replies_were_lost(mock: MockServer) -> None:
    for name in ("anna", "ben"):
        mock.fault("prompttovideo.generate", "reset", phase="after_commit")
        with pytest.raises(requests.ConnectionError):
            generate(mock, mock.key("prompttovideo", name))
    assert not mock.verdict().named("duplicate_paid_job")


def test_a_refusal_that_is_passed_on_is_no_error(mock: MockServer) -> None:
    mock.account("prompttovideo").credits = 0
    assert generate(mock).status_code == 402
    verdict = mock.verdict()
    assert verdict.clean
    assert [each.failure for each in verdict.failures] == ["answered"]


def test_a_double_charge_is_found(mock: MockServer) -> None:
    mock.fault("prompttovideo.generate", "reset", phase="after_commit")
    with pytest.raises(requests.ConnectionError):
        generate(mock)
    collect(mock, generate(mock))
    finding = mock.verdict().named("duplicate_paid_job")[0]
    assert (finding.cost, finding.row, len(finding.jobs)) == (200, "prompttovideo.rule.cost", 2)


def test_a_double_charge_is_found_behind_a_new_body_of_the_same_meaning(mock: MockServer) -> None:
    mock.fault("prompttovideo.generate", "server_error", phase="after_commit")
    assert generate(mock).status_code == 500
    other = b'{ "quality": "free",\n "prompt": "sunset over the ocean" }'
    headers = {"Authorization": f"Bearer {mock.key('prompttovideo')}", "Content-Type": "application/json"}
    requests.post(f"{mock.url('prompttovideo')}/api/v1/generate", data=other, headers=headers, timeout=10)
    assert mock.verdict().named("duplicate_paid_job")


def test_a_storm_of_polls_is_found(mock: MockServer) -> None:
    video = generate(mock).json()["video_id"]
    for _ in range(12):
        assert status(mock, video).status_code == 200
    assert mock.verdict().named("poll_storm")[0].jobs == (str(video),)


def test_nothing_observed_is_no_pass(mock: MockServer) -> None:
    verdict = mock.verdict()
    assert not verdict.findings
    assert not verdict.observed
    assert not verdict.clean


def test_an_idempotency_key_is_no_protection(mock: MockServer) -> None:
    mock.fault("prompttovideo.generate", "reset", phase="after_commit")
    with pytest.raises(requests.ConnectionError):
        generate(mock, **{"Idempotency-Key": "1"})
    generate(mock, **{"Idempotency-Key": "1"})
    finding = mock.verdict().named("duplicate_paid_job")[0]
    assert finding.advice.startswith("PromptToVideo documents no Idempotency-Key")
