"""The verdict on results, receivers of webhooks, and what requests contain."""

from dataclasses import replace
from typing import Any

import pytest

from mockserver.core.verdict.facts import AttemptFacts
from tests.verdict_story import PROVIDER, Story


@pytest.fixture
def story() -> Story:
    return Story()


# truncation_unhandled


def test_a_reply_that_ended_early_is_not_asked_for_again(story: Story) -> None:
    story.submit(operation="describe", lasts=0, delivered="part", refunded=True)
    finding = story.finding("truncation_unhandled")
    assert (finding.severity, finding.calls) == ("note", (1,))
    assert finding.message == "The reply to #1 (films.describe) ended early, and no further request for it followed"


def test_a_client_that_gives_up_after_a_second_attempt(story: Story) -> None:
    for _ in range(2):
        story.submit(operation="describe", lasts=0, delivered="part", refunded=True)
    assert not story.findings("truncation_unhandled")


def test_a_request_that_is_charged_must_not_be_repeated(story: Story) -> None:
    story.submit(operation="describe", lasts=0, delivered="part")
    assert not story.findings("truncation_unhandled")


@pytest.mark.parametrize("way", ["repeated", "the client closed it", "polled again", "webhook"])
def test_a_reply_that_ended_early_and_is_handled(story: Story, way: str) -> None:
    job = story.submit(lasts=5, delivered="whole")
    story.wait(5)
    story.poll(job, None, delivered="client_left" if way == "the client closed it" else "part")
    if way in ("repeated", "polled again"):
        story.poll(job, "succeeded")
    elif way == "webhook":
        story.webhook(job)
    assert not story.findings("truncation_unhandled")


# asset_never_fetched, asset_fetched_after_expiry


def _expires(story: Story, seconds: float) -> None:
    story.jobs[0] = replace(story.jobs[0], asset_until=story.now + round(seconds * 1_000))


def test_a_file_that_is_not_fetched_in_time(story: Story) -> None:
    job = story.submit(lasts=5)
    story.wait(5)
    story.poll(job, "succeeded")
    _expires(story, 60)
    assert not story.findings("asset_never_fetched")
    story.wait(61)
    assert story.finding("asset_never_fetched").jobs == ("job-1",)


def test_a_file_that_is_fetched_too_late(story: Story) -> None:
    job = story.submit(lasts=5)
    story.wait(5)
    _expires(story, 60)
    story.wait(61)
    story.fetch(job, status=403)
    assert story.finding("asset_fetched_after_expiry").calls == (2,)
    assert not story.findings("asset_never_fetched")


@pytest.mark.parametrize("way", ["in time", "text", "failed job"])
def test_a_file_that_is_fetched_or_does_not_expire(story: Story, way: str) -> None:
    job = story.submit(lasts=5, ends="failed" if way == "failed job" else "succeeded", cost=0)
    story.wait(5)
    if way != "text":
        _expires(story, 60)
    if way == "in time":
        story.fetch(job)
    story.wait(100)
    if way == "in time":
        story.fetch(job, status=403)
    assert not story.verdict().findings


# webhook_only


def lost(story: Story) -> tuple[AttemptFacts, ...]:
    return (story.attempt(None, "lost"), story.attempt(None, "lost"))


def test_a_job_whose_webhook_was_lost_is_forgotten(story: Story) -> None:
    job = story.submit(lasts=5, cost=0)
    story.wait(60)
    story.webhook(job, *lost(story), outcome="given_up")
    finding = story.finding("webhook_only")
    assert (finding.severity, finding.deliveries) == ("warning", ("evt-1",))
    assert finding.message == (
        "The webhook film.done of job job-1 (#1) was lost, and the job was not looked at after it had ended"
    )


@pytest.mark.parametrize("way", ["polled", "listed", "arrived", "retried", "refused"])
def test_a_job_whose_webhook_was_lost_and_that_is_looked_at(story: Story, way: str) -> None:
    job = story.submit(lasts=5, cost=0)
    story.wait(60)
    if way == "arrived":
        story.webhook(job)
    elif way == "retried":
        story.webhook(job, *lost(story), outcome="pending")
    elif way == "refused":
        story.webhook(job, story.attempt(500), outcome="given_up")
    else:
        story.webhook(job, *lost(story), outcome="given_up")
    if way == "polled":
        story.poll(job, "succeeded")
    elif way == "listed":
        story.call("list")
    assert not story.findings("webhook_only")


# webhook_slow_ack, webhook_refused_valid, webhook_accepts_forgery


def received(story: Story, *attempts: AttemptFacts, **facts: Any) -> Story:
    job = story.submit(lasts=5, cost=0)
    story.wait(5)
    story.poll(job, "succeeded")
    story.webhook(job, *attempts, **facts)
    return story


def test_a_webhook_that_is_acknowledged_too_late(story: Story) -> None:
    finding = received(story, story.attempt(None, "timeout"), story.attempt()).finding("webhook_slow_ack")
    assert finding.row == "films.rule.retries"
    assert finding.message == (
        "The webhook film.done of job job-1 was not acknowledged within 10 s in attempt 1, so it counts as failed"
    )


@pytest.mark.parametrize("status", [301, 400, 401, 403, 422])
def test_a_valid_webhook_that_is_refused(story: Story, status: int) -> None:
    finding = received(story, story.attempt(status), outcome="pending").finding("webhook_refused_valid")
    assert (finding.severity, finding.row) == ("error", "films.header.X-Signature")
    assert f"has a valid signature and was answered with {status} in attempt 1" in finding.message


def test_a_valid_webhook_that_is_refused_until_it_is_given_up(story: Story) -> None:
    attempts = [replace(story.attempt(500), number=number) for number in range(1, 6)]
    finding = received(story, *attempts, outcome="given_up").finding("webhook_refused_valid")
    assert "was answered with 500 in 5 attempts (1, 2, 3, 4, 5)" in finding.message


@pytest.mark.parametrize(
    ("attempt", "facts"),
    [
        pytest.param({"status": 500}, {}, id="a 5xx that was repeated"),
        pytest.param({"status": 429}, {}, id="a receiver that is busy"),
        pytest.param({"status": 410}, {"outcome": "given_up"}, id="a receiver that is gone"),
        pytest.param({"status": 401}, {"simulated": True}, id="the sandbox's own receiver"),
        pytest.param({"status": None, "outcome": "timeout"}, {"simulated": True}, id="it was told to hang"),
        pytest.param({"status": 401, "forged": "wrong"}, {}, id="a forged webhook that is refused"),
        pytest.param({"status": None, "outcome": "connect_error"}, {"outcome": "given_up"}, id="no receiver"),
    ],
)
def test_a_receiver_that_does_nothing_wrong(story: Story, attempt: dict[str, Any], facts: dict[str, Any]) -> None:
    assert not received(story, story.attempt(**attempt), **facts).verdict().findings


@pytest.mark.parametrize("forged", ["wrong", "missing", "stale", "made with another secret"])
def test_a_forged_webhook_that_is_accepted(story: Story, forged: str) -> None:
    finding = received(story, story.attempt(forged=forged)).finding("webhook_accepts_forgery")
    assert finding.severity == "error"
    assert f"was sent with a signature that is {forged}, and the receiver acknowledged it with 200" in finding.message


def test_an_old_signature_can_only_be_recognized_if_the_provider_signs_a_time(story: Story) -> None:
    story.provider = PROVIDER._replace(signs_time=False)
    assert not received(story, story.attempt(forged="stale")).verdict().findings


# webhook_not_idempotent


def twice(story: Story) -> None:
    job = story.submit(lasts=5, cost=0)
    story.wait(5)
    story.webhook(job, story.attempt(), replace(story.attempt(), number=2, copy=True))
    story.wait(1)


def test_a_webhook_that_arrives_twice_causes_two_downloads(story: Story) -> None:
    twice(story)
    for _ in range(2):
        story.fetch(story.calls[0])
    finding = story.finding("webhook_not_idempotent")
    assert finding.calls == (1, 2, 3)
    assert finding.message == (
        "The webhook film.done of job job-1 was delivered 2 times, and the client downloaded the file 2 times after "
        "it: #2 and #3"
    )


def test_a_webhook_that_arrives_twice_causes_two_paid_requests(story: Story) -> None:
    twice(story)
    for _ in range(2):
        story.submit("the next step", cost=100, lasts=600)
        story.wait(0.1)
    assert "the client sent films.make 2 times after it" in story.finding("webhook_not_idempotent").message


@pytest.mark.parametrize("way", ["once", "ranges", "a failed download", "before", "one webhook", "two steps"])
def test_a_webhook_that_is_processed_once(story: Story, way: str) -> None:
    if way == "before":
        job = story.submit("the next step", lasts=600)
        story.wait(0.1)
        story.submit("the next step", lasts=600)
        story.poll(job)
    twice(story)
    job = story.calls[-1]
    if way == "one webhook":
        story.deliveries[0] = replace(story.deliveries[0], attempts=story.deliveries[0].attempts[:1])
    if way in ("once", "one webhook"):
        story.fetch(job)
    if way in ("ranges", "one webhook"):
        story.fetch(job, partial=way == "ranges")
        story.fetch(job, partial=way == "ranges")
    elif way == "a failed download":
        story.fetch(job, status=503)
        story.fetch(job)
    elif way == "two steps":
        for step in ("one", "two"):
            story.submit(step, lasts=600)
    assert not story.findings("webhook_not_idempotent")


# contract_deviation, secret_in_url


def test_deviations_from_the_contract_are_notes(story: Story) -> None:
    for number in range(2):
        story.call("account", deviations=("unknown field 'colour'",), intent=str(number))
    finding = story.finding("contract_deviation")
    assert (finding.severity, finding.calls) == ("note", (1, 2))
    assert finding.message == "#1 and #2 deviate from the contract: unknown field 'colour'"


def test_a_credential_in_a_url(story: Story) -> None:
    story.call("account", secrets=("the parameter 'api_key'",))
    finding = story.finding("secret_in_url")
    assert (finding.severity, finding.message) == ("error", "#1 has a credential in the URL: the parameter 'api_key'")
    assert not Story().verdict().findings
