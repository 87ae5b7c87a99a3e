"""The verdict on polls: each rule with a client that breaks it, and one that only looks like it."""

import pytest

from mockserver.core.verdict.declarations import Advised
from mockserver.core.verdict.facts import Call
from mockserver.core.verdict.policy import Policy
from tests.verdict_story import PROVIDER, Story


@pytest.fixture
def story() -> Story:
    return Story()


def polls(story: Story, submit: Call, count: int, every: float) -> list[Call]:
    """Poll a job `count` times. A poll takes 0.1 s, which is a part of `every`."""
    calls = []
    for _ in range(count):
        calls.append(story.poll(submit))
        story.wait(every - 0.1)
    return calls


# poll_too_fast


def test_polls_that_come_sooner_than_the_provider_advises(story: Story) -> None:
    job = story.submit()
    polls(story, job, 5, every=2)
    finding = story.finding("poll_too_fast")
    assert finding.severity == "warning"
    assert finding.row == "films.rule.poll_every"
    assert finding.calls == (3, 4, 5, 6)
    assert finding.message == (
        "4 polls of job job-1 came about 2 s after the one before: #3, #4, #5 and #6; Films advises at least 5 s"
    )


def test_without_advice_of_the_provider_a_second_is_enough() -> None:
    story = Story(PROVIDER._replace(poll_every=None))
    job = story.submit()
    polls(story, job, 20, every=1)
    assert not story.findings("poll_too_fast")
    polls(story, story.submit("other"), 5, every=0.5)
    assert story.finding("poll_too_fast").row is None


@pytest.mark.parametrize(
    ("count", "every"),
    [pytest.param(4, 0.5, id="three early polls"), pytest.param(20, 4.6, id="a timer that is not exact")],
)
def test_a_few_early_polls_are_no_finding(story: Story, count: int, every: float) -> None:
    polls(story, story.submit(lasts=100), count, every)
    assert not story.verdict().findings


def test_a_failed_poll_may_be_repeated_at_once(story: Story) -> None:
    job = story.submit()
    for _ in range(6):
        story.fail_poll(job)
        story.poll(job)
        story.wait(5)
    assert not story.findings("poll_too_fast")


def test_a_clock_that_stands_still_says_nothing_if_the_client_slept(story: Story) -> None:
    job = story.submit()
    for number in range(6):
        story.poll(job, real=(number * 5_000, number * 5_000 + 10))
        story.now -= 100
    assert not story.findings("poll_too_fast")


def test_a_clock_that_was_moved_says_that_the_client_waited(story: Story) -> None:
    job = story.submit()
    for number in range(6):
        story.poll(job, real=(number, number))
        story.wait(30)
    assert not story.findings("poll_too_fast")


# poll_storm


def test_more_than_ten_polls_a_second(story: Story) -> None:
    job = story.submit()
    for _ in range(12):
        story.poll(job)
        story.wait(-0.05)
    finding = story.finding("poll_storm")
    assert (finding.severity, len(finding.calls)) == ("error", 12)
    assert finding.message == (
        "12 polls of 1 job came within 550 ms, more than ten a second: #2, #3, #4, ... and #13 (12 requests)"
    )


def test_many_jobs_that_are_polled_again_and_again(story: Story) -> None:
    jobs = [story.submit(str(number)) for number in range(20)]
    for _ in range(2):
        for job in jobs:
            story.poll(job)
            story.wait(-0.09)
        story.wait(5)
    assert len(story.finding("poll_storm").jobs) == 20


def test_many_jobs_that_are_looked_at_once_are_no_storm(story: Story) -> None:
    for job in [story.submit(str(number)) for number in range(20)]:
        story.poll(job, "succeeded")
        story.wait(-0.09)
    assert not story.verdict().findings


def test_polls_of_two_accounts_are_not_added_up(story: Story) -> None:
    jobs = [story.submit(key=key) for key in ("key-1", "key-2")]
    for _ in range(6):
        for job in jobs:
            story.poll(job)
            story.wait(-0.05)
    assert not story.findings("poll_storm")


def test_polls_that_use_up_the_limit(story: Story) -> None:
    story.now = 1_200_000
    jobs = [story.submit(str(number), usage=story.usage(number + 1)) for number in range(2)]
    for used in range(3, 11):
        story.poll(jobs[used % 2], usage=story.usage(used))
        story.wait(4)
    story.fail_poll(jobs[0], 429, usage=story.usage(10))
    finding = story.finding("poll_storm")
    assert "8 polls of 2 jobs used up the limit requests_per_minute (10 per minute)" in finding.message
    assert finding.row == "films.limit.requests_per_minute"


def test_a_limit_that_other_requests_use_up_is_no_storm(story: Story) -> None:
    story.now = 1_200_000
    jobs = [story.submit(str(number), usage=story.usage(number + 1)) for number in range(8)]
    for used in (9, 10):
        story.poll(jobs[used % 2], usage=story.usage(used))
    story.fail_poll(jobs[0], 429, usage=story.usage(10))
    assert not story.findings("poll_storm")


# polled_after_terminal, completed_without_asset_polled


@pytest.mark.parametrize(("seen", "word"), [("succeeded", "completed"), ("ended", "failed")])
def test_polls_that_go_on_after_the_end(story: Story, seen: str, word: str) -> None:
    job = story.submit(lasts=5)
    story.wait(5)
    for _ in range(3):
        story.poll(job, seen)
        story.wait(5)
    finding = story.finding("polled_after_terminal")
    assert finding.calls == (2, 3, 4)
    assert finding.message == f"#2 reported that job job-1 has {word}, and 2 polls of it followed: #3 and #4"


def test_one_more_look_and_a_look_later_are_no_finding(story: Story) -> None:
    job = story.submit(lasts=5)
    story.wait(5)
    for _ in range(2):
        story.poll(job, "succeeded")
    for _ in range(3):
        story.wait(3_600)
        story.poll(job, "succeeded")
    assert not story.verdict().findings


def test_one_more_look_that_fails_and_is_repeated_is_no_finding(story: Story) -> None:
    job = story.submit(lasts=5)
    story.wait(5)
    story.poll(job, "succeeded")
    story.poll(job, None, delivered="lost")
    story.wait(5)
    story.poll(job, "succeeded")
    assert not story.findings("polled_after_terminal")


def test_a_list_that_contains_the_job_is_no_poll(story: Story) -> None:
    job = story.submit(lasts=5)
    story.wait(5)
    story.poll(job, "succeeded")
    for _ in range(5):
        story.call("list")
    assert not story.findings("polled_after_terminal")


def test_a_reply_that_the_client_could_not_read_is_no_end(story: Story) -> None:
    job = story.submit(lasts=5)
    story.wait(5)
    for _ in range(4):
        story.poll(job, None, delivered="part")
        story.wait(5)
    assert not story.findings("polled_after_terminal")


def test_a_completed_job_without_a_link_is_polled_on(story: Story) -> None:
    job = story.submit(lasts=5)
    story.wait(5)
    for _ in range(4):
        story.poll(job, "succeeded", has_link=False)
        story.wait(5)
    assert story.finding("completed_without_asset_polled").calls == (2, 3, 4, 5)
    assert not story.findings("polled_after_terminal")


def test_a_completed_job_without_a_link_that_is_left_alone(story: Story) -> None:
    job = story.submit(lasts=5)
    story.wait(5)
    story.poll(job, "succeeded", has_link=False)
    assert not story.findings("completed_without_asset_polled")


# unbounded_poll


def test_a_job_that_never_ends_is_polled_for_hours(story: Story) -> None:
    job = story.submit(lasts=None, ends="running")
    polls(story, job, 10, every=600)
    finding = story.finding("unbounded_poll")
    assert finding.message == (
        "Job job-1 does not end, and #11 still polled it 1.5 h after it was created (10 polls); the maximum is 1 h"
    )


def test_a_job_that_ends_late_may_be_polled_until_then(story: Story) -> None:
    job = story.submit(lasts=5_000)
    polls(story, job, 9, every=600)
    story.poll(job, "succeeded")
    assert not story.verdict().findings


def test_a_client_that_gives_up_after_an_hour_is_no_finding(story: Story) -> None:
    job = story.submit(lasts=None, ends="running")
    polls(story, job, 7, every=600)
    assert not story.findings("unbounded_poll")


def test_the_maximum_can_be_set_or_documented(story: Story) -> None:
    job = story.submit(lasts=None, ends="running")
    polls(story, job, 8, every=60)
    assert not story.findings("unbounded_poll")
    assert story.verdict(Policy(longest_poll=120_000)).named("unbounded_poll")
    story.provider = PROVIDER._replace(longest=Advised(180_000, "rule.longest"))
    assert story.finding("unbounded_poll").row == "films.rule.longest"


# gave_up_early


def test_a_client_that_gives_up_before_the_documented_time(story: Story) -> None:
    job = story.submit(lasts=120)
    polls(story, job, 4, every=10)
    story.wait(60)
    story.call("account")
    finding = story.finding("gave_up_early")
    assert finding.row == "films.rule.patience"
    assert finding.message == (
        "#5 reported that job job-1 is not finished 30.1 s after it was created, and it was not polled again; Films "
        "documents up to 5 min"
    )


def test_a_test_that_ends_by_itself_is_no_finding(story: Story) -> None:
    polls(story, story.submit(lasts=120), 4, every=10)
    assert not story.verdict().findings


@pytest.mark.parametrize("way", ["webhook", "list", "later poll"])
def test_a_result_that_comes_in_another_way_is_no_finding(story: Story, way: str) -> None:
    job = story.submit(lasts=120)
    polls(story, job, 4, every=10)
    story.wait(200)
    if way == "webhook":
        story.webhook(job)
    elif way == "list":
        story.call("list")
    else:
        story.poll(job, "succeeded")
    story.call("account")
    assert not story.findings("gave_up_early")


def test_a_clock_that_stands_still_says_nothing_about_patience(story: Story) -> None:
    job = story.submit(lasts=None, ends="running")
    for _ in range(5):
        story.poll(job)
        story.now -= 100
    story.wait(60)
    story.call("account")
    assert not story.findings("gave_up_early")


# abandoned_paid_job


FAILED_POLLS: list[dict[str, object]] = [
    {"status": 503},
    {"status": 429},
    {"delivered": "lost"},
    {"delivered": "none"},
    # Nothing is used up: the scenario has refused the poll.
    {"status": 429, "scripted": True, "retry_at": 10_000_000},
]


@pytest.mark.parametrize("facts", FAILED_POLLS, ids=str)
def test_a_failed_poll_was_the_last_request_about_a_paid_job(story: Story, facts: dict[str, object]) -> None:
    job = story.submit(lasts=30)
    story.wait(5)
    story.poll(job)
    story.wait(5)
    story.poll(job, None, **facts)
    story.wait(60)
    finding = story.finding("abandoned_paid_job")
    assert (finding.calls, finding.jobs, finding.cost) == ((1, 3), ("job-1",), 100)
    assert finding.message.startswith("#3 was the last request about job job-1: it")
    assert finding.message.endswith("and the job succeeded and cost 1 credit without being collected")


@pytest.mark.parametrize("way", ["poll", "webhook", "list", "seen before", "failed", "refunded", "404", "until"])
def test_a_failed_poll_with_a_good_end_is_no_finding(story: Story, way: str) -> None:
    job = story.submit(lasts=30, ends="failed" if way == "failed" else "succeeded", refunded=way == "refunded")
    story.wait(35)
    if way == "seen before":
        story.poll(job, "succeeded")
    # The client is asked to come back in an hour.
    refused = {"status": 429, "retry_at": story.now + 3_600_000} if way == "until" else {"status": 503}
    story.fail_poll(job, **{**refused, **({"status": 404} if way == "404" else {})})
    story.wait(5)
    if way == "poll":
        story.poll(job, "succeeded")
    elif way == "webhook":
        story.webhook(job)
    elif way == "list":
        story.call("list")
    assert not story.findings("abandoned_paid_job")
    if way == "until":
        story.wait(3_600)
        assert story.findings("abandoned_paid_job")


def test_a_job_that_is_free_is_not_abandoned() -> None:
    operations = {name: op._replace(paid=False) for name, op in PROVIDER.operations.items()}
    story = Story(PROVIDER._replace(operations=operations))
    job = story.submit(lasts=1, cost=0)
    story.wait(5)
    story.fail_poll(job)
    assert not story.findings("abandoned_paid_job")
