"""The verdict on submits: jobs that are paid for twice, and clients that only look as if they did that."""

from typing import Any

import pytest

from mockserver.core.verdict.facts import Grant
from tests.verdict_story import PROVIDER, Story


@pytest.fixture
def story() -> Story:
    return Story()


# duplicate_paid_job

AMBIGUOUS: list[dict[str, Any]] = [
    {"delivered": "lost"},
    {"delivered": "client_left", "status": None},
    {"delivered": "part"},
    {"status": 503},
]


@pytest.mark.parametrize("facts", AMBIGUOUS, ids=str)
def test_a_submit_whose_outcome_is_not_known_is_repeated(story: Story, facts: dict[str, Any]) -> None:
    story.submit(**facts)
    story.submit()
    finding = story.finding("duplicate_paid_job")
    assert (finding.severity, finding.calls, finding.cost) == ("error", (1, 2), 200)
    assert finding.jobs == ("job-1", "job-2")
    assert finding.row == "films.rule.cost"
    assert finding.message.startswith("#2 sent films.make of #1 again, after ")
    assert finding.message.endswith("; both were charged, 2 credits together")


def test_three_submits_are_one_finding(story: Story) -> None:
    for _ in range(2):
        story.submit(delivered="lost")
    story.submit()
    story.wait(100)
    assert story.finding("duplicate_paid_job").cost == 300


def test_without_credits_the_quota_pays(story: Story) -> None:
    story.submit(delivered="lost", cost=0)
    story.submit(cost=0)
    finding = story.finding("duplicate_paid_job")
    assert finding.cost is None
    assert finding.message.endswith("both were charged")


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"delivered": "lost", "refunded": True}, id="refunded"),
        pytest.param({"delivered": "none", "status": None, "created": False}, id="nothing happened"),
        pytest.param({"status": 503, "created": False}, id="refused"),
        pytest.param({"status": 429, "created": False}, id="refused by a limit"),
        pytest.param({"delivered": "damaged"}, id="a reply that the client may have read"),
        pytest.param({"delivered": "lost", "key": "key-2"}, id="another account"),
        pytest.param({"delivered": "lost", "prompt": "sunrise"}, id="another prompt"),
        pytest.param({"delivered": "lost", "intent": None}, id="not known what was asked"),
        pytest.param({}, id="the first succeeded"),
    ],
)
def test_a_second_submit_after_something_else(story: Story, facts: dict[str, Any]) -> None:
    story.submit(**facts)
    story.submit()
    assert not story.findings("duplicate_paid_job")


def test_requests_that_overlap_are_no_repetition(story: Story) -> None:
    story.submit(delivered="lost")
    story.now -= 100
    story.submit()
    assert not story.findings("duplicate_paid_job")


def test_a_client_that_has_found_its_job_may_ask_the_same_later(story: Story) -> None:
    lost = story.submit(delivered="lost")
    story.call("list")
    story.poll(lost, "succeeded")
    story.submit()
    assert not story.findings("duplicate_paid_job")


def test_an_idempotency_key_that_is_not_documented_is_no_protection(story: Story) -> None:
    story.submit(delivered="lost", idempotency_key=True)
    story.submit(idempotency_key=True)
    assert story.finding("duplicate_paid_job").advice.startswith("Films documents no Idempotency-Key, so the one")
    story.provider = PROVIDER._replace(idempotency_header="Idempotency-Key")
    assert "documents no" not in story.finding("duplicate_paid_job").advice


# resubmitted_instead_of_polled


def test_a_submit_that_is_repeated_while_its_job_runs(story: Story) -> None:
    story.submit()
    story.wait(3)
    again = story.submit()
    story.wait(60)
    story.poll(again, "succeeded")
    finding = story.finding("resubmitted_instead_of_polled")
    assert (finding.severity, finding.calls, finding.jobs) == ("warning", (1, 2), ("job-1", "job-2"))
    assert finding.message == (
        "The equal request #2 was sent while the job job-1 of #1 had not ended, and that job was not looked at "
        "afterwards; together they cost 2 credits"
    )


def test_a_client_that_only_submits_is_one_finding(story: Story) -> None:
    for _ in range(4):
        story.submit()
        story.wait(3)
    assert story.finding("resubmitted_instead_of_polled").calls == (1, 2, 3, 4)


@pytest.mark.parametrize(
    "way", ["polled later", "webhook", "ended", "overlap", "refused", "other account", "poll refused", "too long"]
)
def test_equal_submits_that_are_meant(story: Story, way: str) -> None:
    first = story.submit(lasts=1 if way == "ended" else 600)
    story.wait({"overlap": -0.1, "too long": 300}.get(way, 3))
    if way == "poll refused":
        story.fail_poll(first, 404)
    second = story.submit(
        key="key-2" if way == "other account" else "key-1",
        created=way != "refused",
        status=429 if way == "refused" else 200,
    )
    story.wait(60)
    if way == "polled later":
        story.poll(first, "succeeded")
    elif way == "webhook":
        story.webhook(first)
    story.poll(second, "succeeded")
    assert not story.findings("resubmitted_instead_of_polled")


def test_a_batch_that_holds_equal_items(story: Story) -> None:
    batch = story.submit("two equal items")
    story.jobs.append(story.jobs[0])
    story.wait(60)
    story.poll(batch, "succeeded")
    assert not story.verdict().findings


# resubmitted_after_download_failure

BROKEN: list[dict[str, Any]] = [
    {"status": 503},
    {"status": 429},
    {"delivered": "part"},
    {"delivered": "none", "status": None},
]


@pytest.mark.parametrize("facts", BROKEN, ids=str)
def test_a_result_is_generated_again_after_its_download_failed(story: Story, facts: dict[str, Any]) -> None:
    job = story.submit(lasts=5)
    story.wait(5)
    story.poll(job, "succeeded")
    story.fetch(job, **facts)
    story.submit()
    finding = story.finding("resubmitted_after_download_failure")
    assert (finding.severity, finding.calls, finding.cost) == ("error", (1, 3, 4), 100)
    assert finding.message.startswith("The download of the result of job job-1 failed in #3 (")
    assert finding.message.endswith("and #4 generated it again for 1 credit")


@pytest.mark.parametrize("way", ["expired", "gone", "fetched again", "other prompt", "reported"])
def test_a_download_that_failed_for_good_or_was_repeated(story: Story, way: str) -> None:
    job = story.submit(lasts=5)
    story.wait(5)
    story.poll(job, "succeeded")
    if way == "expired":
        story.jobs[0] = type(story.jobs[0])(**{**_fields(story.jobs[0]), "asset_until": story.now})
    story.fetch(job, status=404 if way == "gone" else 503)
    if way == "fetched again":
        story.fetch(job)
    if way != "reported":
        story.submit("sunrise" if way == "other prompt" else "sunset")
    assert not story.findings("resubmitted_after_download_failure")


def _fields(job: Any) -> dict[str, Any]:
    return {name: getattr(job, name) for name in job.__dataclass_fields__}


# wasted_credits


def test_a_result_that_is_paid_for_and_not_collected(story: Story) -> None:
    story.submit(lasts=5)
    story.wait(60)
    finding = story.finding("wasted_credits")
    assert (finding.severity, finding.cost) == ("note", 100)
    assert finding.message == "Job job-1 of #1 succeeded and cost 1 credit, and its result was not collected"


@pytest.mark.parametrize("way", ["reply", "file", "webhook", "list", "refunded", "running", "free"])
def test_a_result_that_is_collected_or_costs_nothing(story: Story, way: str) -> None:
    job = story.submit(
        lasts=600 if way == "running" else 5, refunded=way == "refunded", cost=0 if way == "free" else 100
    )
    story.wait(60)
    if way == "reply":
        story.poll(job, "succeeded")
    elif way == "file":
        story.fetch(job)
    elif way == "webhook":
        story.webhook(job)
    elif way == "list":
        story.call("list")
    assert not story.findings("wasted_credits")


def test_work_within_a_request_is_collected_with_its_reply(story: Story) -> None:
    story.submit(operation="describe", lasts=0)
    assert not story.verdict().findings
    story.submit("sunrise", operation="describe", lasts=0, delivered="client_left")
    assert story.finding("wasted_credits").calls == (2,)


def test_a_job_whose_reply_was_lost_can_only_be_found_in_a_list(story: Story) -> None:
    story.submit(lasts=5, delivered="lost")
    story.wait(60)
    assert story.findings("wasted_credits")
    operations = {name: each for name, each in PROVIDER.operations.items() if each.role != "list"}
    story.provider = PROVIDER._replace(operations=operations)
    assert not story.findings("wasted_credits")


# retried_terminal

FINAL = (400, 401, 402, 403, 404, 405, 413, 415, 422)


@pytest.mark.parametrize("status", FINAL)
def test_a_refusal_that_cannot_change_is_sent_again(story: Story, status: int) -> None:
    for _ in range(3):
        story.submit(created=False, status=status)
        story.wait(1)
    finding = story.finding("retried_terminal")
    assert (finding.severity, finding.calls) == ("warning", (1, 2, 3))
    assert finding.message == (f"#1 was refused with {status}, and #2 and #3 sent the same request again unchanged")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_refusal_that_can_change_may_be_repeated(story: Story, status: int) -> None:
    story.submit(created=False, status=status)
    story.submit()
    assert not story.findings("retried_terminal")


def test_a_refusal_that_is_passed_on_is_no_finding(story: Story) -> None:
    story.submit(created=False, status=422)
    assert not story.verdict().findings


@pytest.mark.parametrize("way", ["new token", "credits", "changed sandbox", "other body", "overlap", "a day later"])
def test_a_refused_request_after_its_cause_has_changed(story: Story, way: str) -> None:
    story.submit(created=False, status=402 if way == "credits" else 401)
    if way == "credits":
        story.grants.append(Grant("films:key-1", story.now))
    elif way == "changed sandbox":
        story.changes.append(2)
        story._number = 2
    elif way == "overlap":
        story.now -= 100
    elif way == "a day later":
        story.wait(86_400)
    story.submit("sunrise" if way == "other body" else "sunset", credential="new" if way == "new token" else "key-1")
    assert not story.findings("retried_terminal")


def test_an_unknown_job_that_exists_later(story: Story) -> None:
    story.call("get", intent="get job-2", status=404)
    story.submit()
    story.call("get", intent="get job-2", job="job-2", seen="active")
    assert not story.findings("retried_terminal")


# retry_after_ignored


def test_a_request_comes_before_the_time_that_was_asked_for(story: Story) -> None:
    refused = story.submit(created=False, status=429, usage=story.usage(10), retry_at=story.now + 20_000)
    story.wait(1.9)
    story.submit()
    finding = story.finding("retry_after_ignored")
    assert (finding.severity, finding.calls) == ("warning", (1, 2))
    assert finding.row == "films.limit.requests_per_minute"
    assert finding.message == (
        "#1 was refused (the limit requests_per_minute is used up) with the request to wait 20 s, and #2 came 2 s later"
    )
    assert refused.retry_at is not None


def test_a_limit_holds_for_all_operations_that_it_counts(story: Story) -> None:
    story.submit(created=False, status=429, usage=story.usage(10), retry_at=story.now + 20_000)
    story.call("get", intent="get 1")
    assert story.findings("retry_after_ignored")


def test_an_overloaded_service_asks_only_for_its_operation(story: Story) -> None:
    story.submit(created=False, status=503, retry_at=story.now + 20_000)
    story.call("get", intent="get 1")
    assert not story.findings("retry_after_ignored")
    story.submit()
    assert "it was answered with 503" in story.finding("retry_after_ignored").message


@pytest.mark.parametrize("way", ["waited", "slept", "other key", "not counted", "overlap", "lost"])
def test_a_request_that_may_come(story: Story, way: str) -> None:
    real = (0, 100) if way == "slept" else None
    story.submit(
        created=False, status=429, usage=story.usage(10), retry_at=story.now + 20_000, real=real,
        delivered="lost" if way == "lost" else "whole",
    )  # fmt: skip
    if way == "waited":
        story.wait(19.9)
    if way == "overlap":
        story.now -= 100
    if way == "not counted":
        story.call("list")
    else:
        story.submit(key="key-2" if way == "other key" else "key-1", real=(20_000, 20_100) if real else None)
    assert not story.findings("retry_after_ignored")


# rate_headers_ignored


def test_headers_that_announced_the_end_of_the_limit(story: Story) -> None:
    story.now = 1_200_000
    for used in range(1, 21):
        story.call("get", usage=story.usage(used, 20), intent=str(used))
    story.call("get", status=429, usage=story.usage(20, 20), intent="21")
    finding = story.finding("rate_headers_ignored")
    assert (finding.severity, finding.calls) == ("note", (18, 19, 20, 21))
    assert "the headers of #18, #19 and #20 had reported that at most 2 requests were left" in finding.message


def test_a_limit_that_runs_out_in_every_window_is_one_finding(story: Story) -> None:
    story.now = 1_200_000
    for window in range(3):
        for used in range(1, 21):
            story.call("get", usage=story.usage(used, 20), intent=f"{window} {used}")
        story.call("get", status=429, usage=story.usage(20, 20), intent=f"{window} 21")
        story.wait(60)
    assert story.finding("rate_headers_ignored").message.endswith("were left, and so in 2 later windows")


def test_a_limit_of_five_has_no_last_tenth(story: Story) -> None:
    for used in range(1, 6):
        story.call("get", usage=story.usage(used, 5), intent=str(used))
    story.call("get", status=429, usage=story.usage(5, 5), intent="6")
    assert not story.findings("rate_headers_ignored")


@pytest.mark.parametrize("way", ["no headers", "scripted", "jump", "no refusal"])
def test_a_limit_that_was_not_announced(story: Story, way: str) -> None:
    story.now = 1_200_000
    if way == "no headers":
        story.provider = PROVIDER._replace(reports_remaining=False)
    for used in range(1, 17 if way == "jump" else 20):
        story.call("get", usage=story.usage(used, 20), intent=str(used))
    if way != "no refusal":
        story.call("get", status=429, usage=story.usage(20, 20), intent="21", scripted=way == "scripted")
    assert not story.findings("rate_headers_ignored")
