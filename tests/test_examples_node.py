"""The example for Node names the provider's own host, and is run with no edit in every Node there is."""

import json
from collections.abc import Callable
from subprocess import CompletedProcess

import pytest

from mockserver import MockServer
from mockserver.testing import Interception
from tests.examples import EXAMPLES
from tests.programs import nodes

VIDEO = "https://example.com/hike.mp4"
EXTRACT = "dumplingai.extract_video"
Run = Callable[..., "CompletedProcess[str]"]


@pytest.fixture(params=nodes())
def run(request: pytest.FixtureRequest, mockserver_intercept: Interception) -> Run:
    """Run the example: `run(VIDEO, PAUSE_MS="5")`."""

    def ran(*arguments: str, **variables: str) -> "CompletedProcess[str]":
        told = {"DUMPLINGAI_API_KEY": "any-key", "PAUSE_MS": "1", **variables}
        return mockserver_intercept.run([request.param, EXAMPLES / "node_fetch.mjs", *arguments], env=told)

    return ran


def test_what_is_in_the_video_is_printed_as_json(run: Run, mockserver: MockServer) -> None:
    mockserver.account("dumplingai", "any-key").credits = 50_000
    done = run(VIDEO)
    assert (done.returncode, isinstance(json.loads(done.stdout), dict | list)) == (0, True)
    spent = 50_000 - int(mockserver.account("dumplingai", "any-key").credits or 0)
    assert done.stderr.endswith(f" s of video for {spent} credits\n")


def test_it_asks_again_after_refusals_that_cost_nothing(run: Run, mockserver: MockServer) -> None:
    mockserver.fault(EXTRACT, "rate_limited", retry_after="0s")
    mockserver.fault(EXTRACT, "server_error", times=2)
    assert run(VIDEO).returncode == 0
    assert sorted(str(request.status) for request in mockserver.requests(EXTRACT)) == ["200", "429", "500", "500"]


def test_it_asks_four_times_and_no_more(run: Run, mockserver: MockServer) -> None:
    mockserver.fault(EXTRACT, "overloaded", times=9)
    done = run(VIDEO)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("nothing was extracted: 503: ")
    assert len(mockserver.requests(EXTRACT)) == 4


def test_without_credits_it_asks_once(run: Run, mockserver: MockServer) -> None:
    mockserver.account("dumplingai", "any-key").credits = 0
    assert run(VIDEO).stderr == "nothing was extracted: 402: Insufficient credits\n"
    assert len(mockserver.requests(EXTRACT)) == 1


@pytest.mark.parametrize(
    ("scenario", "told"),
    [
        ("dumplingai-lost-reply", "the answer was lost: "),
        ("dumplingai-cut-off-reply", "the answer was lost: "),
        ("dumplingai-never-answers", "no answer within 300 ms"),
        ("dumplingai-json-mode-broken", "the model did not answer with JSON"),
    ],
)
def test_what_may_have_been_paid_for_is_not_asked_for_again(
    run: Run, mockserver: MockServer, scenario: str, told: str
) -> None:
    mockserver.use(scenario)
    done = run(VIDEO, TIMEOUT_MS="300" if "never" in scenario else "10000")
    assert (done.returncode, done.stderr.partition(": ")[2].startswith(told)) == (1, True), done.stderr
    assert len(mockserver.requests(EXTRACT)) == 1


def test_without_a_video_it_says_how_it_is_used(run: Run) -> None:
    assert (run().returncode, run().stderr[:6]) == (2, "usage:")
