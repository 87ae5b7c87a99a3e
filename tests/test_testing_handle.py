"""The handle of a test: where the sandbox is, what it does, and what happened in it. Every test uses the fixture."""

import socket
import threading
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

import pytest
import requests

import mockserver as package
from mockserver import MockServer
from mockserver.core.scenario import Scenario
from mockserver.providers.registry import all_providers
from mockserver.providers.summaries import ProviderName
from mockserver.testing import Job, MockServerError

VIDEO = "https://example.com/hike.mp4"
THROTTLED = {"rules": [{"name": "no", "operation": "videotoprompt.analyze_url", "fault": {"kind": "rate_limited"}}]}
HANGING = (
    b"POST /videotoprompt/v1/analyze/url HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer key-1\r\n"
    b"Content-Type: application/json\r\nContent-Length: 29\r\n\r\n"
    b'{"url":"https://x.org/a.mp4"}'
)


def submit(mock: MockServer, url: str = VIDEO, key: str | None = None) -> requests.Response:
    """Ask VideoToPrompt for an analysis."""
    headers = {"Authorization": f"Bearer {key or mock.key('videotoprompt')}"}
    return requests.post(mock.url("videotoprompt") + "/analyze/url", json={"url": url}, headers=headers, timeout=10)


def control(mock: MockServer) -> str:
    """The base URL of the control API of this sandbox."""
    return mock.url("videotoprompt", "").removesuffix("/videotoprompt") + "/_mock"


def job_id(reply: requests.Response) -> str:
    assert reply.status_code == 202, reply.text
    return str(reply.json()["id"])


# Where it is.


def test_the_names_of_the_providers_are_those_there_are() -> None:
    assert list(get_args(ProviderName)) == [p.name for p in all_providers()]
    assert {p.name for p in all_providers() if p.signature} == {p.name for p in all_providers() if p.events}


def test_the_environment_leads_an_application_here(mockserver: MockServer) -> None:
    told = mockserver.env("prompttovideo", "descrideo")
    assert told == {
        "PROMPTTOVIDEO_BASE_URL": mockserver.url("prompttovideo"),
        "PROMPTTOVIDEO_API_KEY": mockserver.key("prompttovideo"),
        "DESCRIDEO_BASE_URL": mockserver.url("descrideo"),
        "DESCRIDEO_API_KEY": mockserver.key("descrideo"),
        "DESCRIDEO_WEBHOOK_SECRET": mockserver.secret("descrideo"),
    }
    assert mockserver.url("descrideo").endswith(f"/~{mockserver.name}/descrideo/v1")
    assert mockserver.key("descrideo").startswith("nxt_")
    assert mockserver.url("videotoprompt", "/oauth/token").endswith("/videotoprompt/oauth/token")
    assert len(mockserver.env()) == 2 * len(get_args(ProviderName)) + sum(
        p.signature is not None for p in all_providers()
    )


def test_a_key_leads_to_its_sandbox_without_the_path(mockserver: MockServer) -> None:
    bare = mockserver.url("videotoprompt").replace(f"/~{mockserver.name}", "")
    headers = {"Authorization": f"Bearer {mockserver.key('videotoprompt')}"}
    assert requests.post(f"{bare}/analyze/url", json={"url": VIDEO}, headers=headers, timeout=10).status_code == 202
    assert len(mockserver.jobs) == 1


def test_kinds_of_keys_are_plans_in_the_default_scenario(mockserver: MockServer) -> None:
    free = mockserver.account("videotoprompt", mockserver.key("videotoprompt", "free"))
    assert (free.plan, free.limits["requests_per_minute"]) == ("free", 5)
    assert mockserver.account("prompttovideo", mockserver.key("prompttovideo", "broke")).credits == 0
    assert submit(mockserver, key=mockserver.key("videotoprompt", "invalid")).status_code == 401
    with pytest.raises(MockServerError, match="refuses the key"):
        _ = mockserver.account("videotoprompt", mockserver.key("videotoprompt", "invalid")).plan


def test_the_secret_is_what_the_provider_tells(mockserver: MockServer) -> None:
    headers = {"X-API-Key": mockserver.key("descrideo")}
    told = requests.get(mockserver.url("descrideo") + "/webhook-secret", headers=headers, timeout=10).json()
    assert told == {"secret": mockserver.secret("descrideo")}
    mockserver.account("videotoprompt").send_events_to("http://127.0.0.1:9/hook", secret="whsec_mine")
    assert mockserver.secret("videotoprompt") == "whsec_mine"
    with pytest.raises(MockServerError, match="no webhooks"):
        mockserver.secret("nanophoto")


# What it does.


def test_by_default_a_job_ends_by_itself_and_nobody_waits(mockserver: MockServer) -> None:
    job = mockserver.jobs[job_id(submit(mockserver))]
    assert (job.status, job.ended, job.operation) == ("succeeded", True, "videotoprompt.analyze_url")
    assert job.updated_at - job.created_at > timedelta(seconds=4)
    assert (job.key, job.plan) == (mockserver.key("videotoprompt"), "default")


@pytest.mark.mockserver(clock="manual")
def test_a_manual_clock_stands_still_until_it_is_told(mockserver: MockServer) -> None:
    began = mockserver.clock.now
    job = mockserver.jobs[job_id(submit(mockserver))]
    assert (job.status, mockserver.clock.mode, mockserver.clock.now) == ("queued", "manual", began)
    coming = mockserver.clock.next
    assert coming == began + timedelta(seconds=2)
    assert mockserver.clock.to_next() == 1
    assert job.now().status == "running"
    assert mockserver.clock.now - began == timedelta(seconds=2)
    mockserver.clock.advance("500ms")
    mockserver.clock.advance(0.25)
    mockserver.clock.advance(timedelta(milliseconds=250))
    assert mockserver.clock.now - began == timedelta(seconds=3)
    assert mockserver.clock.until(job).status == "succeeded"
    assert mockserver.clock.until(job.id).status == "succeeded"
    nothing_left: object = mockserver.clock.next
    assert nothing_left is None
    assert mockserver.clock.to_next() == 0
    mockserver.clock.change("scaled", speed=1000)
    assert mockserver.clock.mode == "scaled"


@pytest.mark.mockserver(clock="manual")
def test_a_clock_says_what_it_cannot_do(mockserver: MockServer) -> None:
    stuck = mockserver.jobs[job_id(submit(mockserver, f"{VIDEO}?mock-stuck"))]
    with pytest.raises(MockServerError, match="Time alone does not end"):
        mockserver.clock.until(stuck)
    with pytest.raises(MockServerError, match="expected a duration"):
        mockserver.clock.advance("soon")
    with pytest.raises(MockServerError, match="no job 'ana_0'"):
        mockserver.clock.until("ana_0")


def test_a_job_can_be_forced_and_released(mockserver: MockServer) -> None:
    held = mockserver.jobs[job_id(submit(mockserver, f"{VIDEO}?mock-held"))]
    assert held.held
    assert held.release().status == "running"
    failed = held.force("failed", error="The disk is full")
    assert (failed.status, failed.error) == ("failed", "The disk is full")
    with pytest.raises(MockServerError, match="cannot become"):
        failed.force("running")
    assert [job.id for job in mockserver.jobs.all("videotoprompt", status="failed")] == [held.id]
    assert mockserver.jobs.all("nanophoto") == []


def test_scenarios_are_names_paths_models_and_fragments(mockserver: MockServer, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("scenario: mine\nextends: default\nplans: {default: {steps: [{status: failed}]}}\n")
    mockserver.use("videotoprompt-outage")
    assert submit(mockserver).status_code == 503
    mockserver.use(file)
    assert mockserver.jobs[job_id(submit(mockserver))].status == "failed"
    mockserver.use(THROTTLED)
    assert submit(mockserver).status_code == 429
    mockserver.use(Scenario(scenario="bare"))
    assert submit(mockserver).status_code == 202


def test_a_switch_of_scenario_is_the_same_by_the_handle_and_by_the_control_api(mockserver: MockServer) -> None:
    def journal() -> list[str]:
        found = requests.get(f"{control(mockserver)}/journal", timeout=10).json()["entries"]
        return [entry.get("note", entry["kind"]) for entry in reversed(found)]

    submit(mockserver)
    mockserver.use("videotoprompt-outage")
    by_handle = journal()
    mockserver.reset()
    mockserver.use("default")
    mockserver.reset("journal")
    submit(mockserver)
    outage = {"name": "videotoprompt-outage"}
    requests.put(f"{control(mockserver)}/scenario", json=outage, timeout=10).raise_for_status()
    assert by_handle == journal()
    assert by_handle == ["request", "running", "succeeded", "switched to the scenario videotoprompt-outage"]


@pytest.mark.parametrize("by_handle", [True, False], ids=["by the handle", "by the control API"])
@pytest.mark.mockserver(clock="manual")
def test_a_scenario_whose_clock_runs_sets_going_what_stood_still(mockserver: MockServer, by_handle: bool) -> None:
    receiver = mockserver.receiver()
    mockserver.account("videotoprompt").webhook = receiver
    submit(mockserver)
    running = {"scenario": "running", "extends": "default", "clock": {"mode": "scaled", "speed": 10_000}}
    if by_handle:
        mockserver.use(running)
    else:
        requests.put(f"{control(mockserver)}/scenario", json=running, timeout=10).raise_for_status()
    receiver.wait_for("analysis.completed")
    assert mockserver.clock.mode == "scaled"


def test_a_scenario_that_cannot_be_used_says_why(mockserver: MockServer) -> None:
    with pytest.raises(MockServerError, match="did you mean 'videotoprompt-outage'"):
        mockserver.use("videotoprompt-outrage")
    with pytest.raises(MockServerError, match="unknown key 'rulez'"):
        mockserver.use({"rulez": []})
    with pytest.raises(MockServerError, match="No such file"):
        mockserver.use(Path("nowhere.yaml"))


def test_faults_strike_so_often_and_only_where_they_are_meant(mockserver: MockServer) -> None:
    other = mockserver.key("videotoprompt", "other")
    mockserver.fault("videotoprompt.analyze_url", "rate_limited", times=2, retry_after="20s", key=other)
    assert submit(mockserver).status_code == 202
    first = submit(mockserver, key=other)
    assert (first.status_code, first.headers["retry-after"]) == (429, "20")
    assert [submit(mockserver, key=other).status_code for _ in range(2)] == [429, 202]
    with pytest.raises(MockServerError, match="did you mean 'rate_limited'"):
        mockserver.fault("videotoprompt.*", "rate_limitd")


def test_a_reset_is_a_reset_on_the_wire(mockserver: MockServer) -> None:
    mockserver.fault("videotoprompt.analyze_url", "reset", phase="after_commit")
    with pytest.raises(requests.ConnectionError, match="reset"):
        submit(mockserver)
    assert len(mockserver.jobs) == 1
    assert [r.status for r in mockserver.requests("videotoprompt.analyze_url")] == [202]


def test_an_account_is_read_and_changed(mockserver: MockServer) -> None:
    account = mockserver.account("prompttovideo")
    account.credits = 2
    headers = {"Authorization": f"Bearer {account.key}"}
    asked = {"prompt": "A sunset", "quality": "premium"}
    generate = mockserver.url("prompttovideo", "/api/v1/generate")
    assert requests.post(generate, json=asked, headers=headers, timeout=10).status_code == 402
    account.change(credits=10, plan="basic", limits={"calls_per_day": 1})
    assert (account.credits, account.plan, account.reserved) == (10, "basic", 0)
    with pytest.raises(MockServerError, match="Unknown limit"):
        account.change(limits={"requests_per_age": 1})
    with pytest.raises(MockServerError, match="No provider has a plan"):
        account.plan = "platinum"
    account.credits = None
    assert account.credits is None


def test_reset_forgets(mockserver: MockServer) -> None:
    submit(mockserver)
    mockserver.reset("jobs")
    assert (len(mockserver.jobs), len(mockserver.requests())) == (0, 1)
    mockserver.reset()
    assert mockserver.requests() == []


# What happened.


def test_requests_are_typed_and_filtered(mockserver: MockServer) -> None:
    submit(mockserver)
    submit(mockserver, "https://example.com/beach.mp4")
    requests.get(mockserver.url("videotoprompt") + "/analyze/ana_0?x=1", timeout=10)
    first, second, third = mockserver.requests()
    assert (first.operation, first.method, first.status) == ("videotoprompt.analyze_url", "POST", 202)
    assert (first.json["url"], first.reply_json["status"]) == (VIDEO, "pending")
    assert first.headers["authorization"] == f"Bearer {mockserver.key('videotoprompt')}"
    assert (third.status, third.key, third.query) == (401, None, {"x": "1"})
    assert mockserver.requests("videotoprompt.analyze_*", status=202) == [first, second]
    assert mockserver.requests(when={"body.url": {"contains": "beach"}}) == [second]
    assert mockserver.requests(when={"input": {"suffix": "hike.mp4"}}) == [first]
    assert mockserver.requests(when={"path.analysis_id": {"equals": "ana_0"}, "query.x": {"equals": 1}}) == [third]
    assert mockserver.requests(key="nobody") == []


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"operation": "videotoprompt.analyse_url"}, "did you mean 'videotoprompt.analyze_url'"),
        ({"when": {"account.plan": {"equals": "pro"}}}, "cannot be looked at"),
        ({"when": {"body": {"equals": 1}}}, "does not name a value of a request"),
        ({"when": {"body.url": {"is": "x"}}}, "body.url: "),
    ],
)
def test_what_cannot_be_asked_for_is_an_error_and_no_empty_list(
    mockserver: MockServer, asked: dict[str, Any], told: str
) -> None:
    with pytest.raises(MockServerError, match=told):
        mockserver.requests(**asked)


def test_expectations_count(mockserver: MockServer) -> None:
    hikes = mockserver.expect("videotoprompt.analyze_url", times=2, when={"body.url": {"contains": "hike"}})
    mockserver.expect("videotoprompt.analyze_*", at_least=1, at_most=3)
    mockserver.expect("prompttovideo.*", times=0)
    submit(mockserver)
    submit(mockserver, "https://example.com/beach.mp4")
    assert not hikes.met
    with pytest.raises(AssertionError) as failed:
        mockserver.verify()
    assert str(failed.value).splitlines()[0] == "videotoprompt.analyze_url was expected twice, and came once"
    assert "body.url contains 'hike' does not hold" in str(failed.value)
    submit(mockserver)
    mockserver.verify()
    assert [request.json["url"] for request in hikes.requests] == [VIDEO, VIDEO]


@pytest.mark.parametrize("wrong", [{"times": 1, "at_least": 1}, {"at_least": 3, "at_most": 2}])
def test_expectations_that_contradict_themselves_are_refused(mockserver: MockServer, wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"exact|at least 3 and at most 2"):
        mockserver.expect("videotoprompt.analyze_url", **wrong)  # type: ignore[arg-type]


def test_the_report_tells_what_happened_and_no_secrets(mockserver: MockServer, nobody: str) -> None:
    mockserver.use({"rules": [{**THROTTLED["rules"][0], "when": {"body.url": {"contains": "beach"}}}]})
    mockserver.account("videotoprompt").webhook = f"{nobody}/hook"
    submit(mockserver)
    requests.post(mockserver.url("videotoprompt", "/analyze/url"), timeout=10)
    told = mockserver.report()
    assert f"sandbox {mockserver.name}: scenario test, seed 1, clock auto" in told
    assert "POST /v1/analyze/url: no rule took it; near: 'no' wants body.url contains 'beach'" in told
    assert "POST /analyze/url: videotoprompt has no such operation; near: POST /v1/analyze/url" in told
    assert f"analysis.completed to {nobody}/hook: " in told
    assert mockserver.key("videotoprompt") not in told


# Its life, and its threads.


def test_without_pytest_it_is_a_context_manager() -> None:
    with MockServer(THROTTLED, seed=7, clock="manual") as mock:
        assert submit(mock).status_code == 429
        assert mock.clock.mode == "manual"
        assert "/~" not in mock.url("videotoprompt")
        with pytest.raises(MockServerError, match="open already"):
            mock.open()
    mock.close()
    with pytest.raises(MockServerError, match="closed"):
        mock.url("videotoprompt")
    with pytest.raises(AssertionError, match="expected at least once, and came never"), MockServer() as mock:
        mock.expect("videotoprompt.analyze_url")
    with pytest.raises(ZeroDivisionError), MockServer() as mock:
        _ = 1 / len([mock.expect("videotoprompt.analyze_url").requests][0])
    with pytest.raises(MockServerError, match="no scenario named"):
        MockServer("nothing-like-it").open()


def test_a_server_ends_with_a_request_that_hangs() -> None:
    with MockServer(clock="manual") as mock:
        mock.fault("videotoprompt.analyze_url", "hang")
        address = urlsplit(mock.url("videotoprompt"))
        with socket.create_connection((str(address.hostname), int(address.port or 0)), 10) as hanging:
            hanging.sendall(HANGING)
            # What came later has been answered, so what came before has been read.
            assert requests.get(mock.url("videotoprompt") + "/analyze/ana_0", timeout=10).status_code == 401
            mock.close()
            with suppress(ConnectionResetError):
                assert hanging.recv(1) == b""


def test_the_same_seed_gives_the_same_values() -> None:
    told = []
    for _ in range(2):
        with MockServer(seed=11) as mock:
            told.append((job_id(submit(mock)), mock.secret("descrideo")))
    assert told[0] == told[1]


def test_many_threads_may_use_one_handle(mockserver: MockServer) -> None:
    found: list[Job] = []
    workers = [
        threading.Thread(target=lambda: found.append(mockserver.jobs[job_id(submit(mockserver))])) for _ in range(8)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(20)
    # Not before: an auto clock stands while the request of another thread is in flight.
    assert [job.now().status for job in found] == ["succeeded"] * 8


def test_the_package_hands_out_the_handle_and_nothing_else() -> None:
    assert package.MockServer is MockServer
    with pytest.raises(AttributeError, match="Nothing"):
        _ = package.Nothing
