"""`MockServer`, the handle of a test: addresses and keys, behaviour, requests, and its lifetime."""

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
    """Submit an analysis to VideoToPrompt."""
    headers = {"Authorization": f"Bearer {key or mock.key('videotoprompt')}"}
    return requests.post(mock.url("videotoprompt") + "/analyze/url", json={"url": url}, headers=headers, timeout=10)


def control(mock: MockServer) -> str:
    """Return the base URL of the control API of this sandbox."""
    return mock.url("videotoprompt", "").removesuffix("/videotoprompt") + "/_mock"


def job_id(reply: requests.Response) -> str:
    assert reply.status_code == 202, reply.text
    return str(reply.json()["id"])


# Addresses and keys.


def test_the_type_of_provider_names_has_all_providers() -> None:
    assert list(get_args(ProviderName)) == [p.name for p in all_providers()]
    assert {p.name for p in all_providers() if p.signature} == {p.name for p in all_providers() if p.events}


def test_the_environment_has_urls_keys_and_secrets(mockserver: MockServer) -> None:
    assert mockserver.env("prompttovideo", "descrideo") == {
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


def test_a_key_selects_its_sandbox_without_a_prefix(mockserver: MockServer) -> None:
    bare = mockserver.url("videotoprompt").replace(f"/~{mockserver.name}", "")
    headers = {"Authorization": f"Bearer {mockserver.key('videotoprompt')}"}
    assert requests.post(f"{bare}/analyze/url", json={"url": VIDEO}, headers=headers, timeout=10).status_code == 202
    assert len(mockserver.jobs) == 1


def test_the_kind_of_a_key_selects_a_plan_in_the_default_scenario(mockserver: MockServer) -> None:
    free = mockserver.account("videotoprompt", mockserver.key("videotoprompt", "free"))
    assert (free.plan, free.limits["requests_per_minute"]) == ("free", 5)
    assert mockserver.account("prompttovideo", mockserver.key("prompttovideo", "broke")).credits == 0
    assert submit(mockserver, key=mockserver.key("videotoprompt", "invalid")).status_code == 401
    with pytest.raises(MockServerError, match="does not accept the key"):
        _ = mockserver.account("videotoprompt", mockserver.key("videotoprompt", "invalid")).plan


def test_the_secret_is_the_one_that_the_provider_returns(mockserver: MockServer) -> None:
    headers = {"X-API-Key": mockserver.key("descrideo")}
    reply = requests.get(mockserver.url("descrideo") + "/webhook-secret", headers=headers, timeout=10).json()
    assert reply == {"secret": mockserver.secret("descrideo")}
    mockserver.account("videotoprompt").send_events_to("http://127.0.0.1:9/hook", secret="whsec_mine")
    assert mockserver.secret("videotoprompt") == "whsec_mine"
    with pytest.raises(MockServerError, match="no webhooks"):
        mockserver.secret("nanophoto")


# Behaviour.


def test_by_default_a_job_has_ended_when_a_test_reads_it(mockserver: MockServer) -> None:
    job = mockserver.jobs[job_id(submit(mockserver))]
    assert (job.status, job.ended, job.operation) == ("succeeded", True, "videotoprompt.analyze_url")
    assert job.updated_at - job.created_at > timedelta(seconds=4)
    assert (job.key, job.plan) == (mockserver.key("videotoprompt"), "default")


@pytest.mark.mockserver(clock="manual")
def test_a_manual_clock_stands_still_until_a_test_moves_it(mockserver: MockServer) -> None:
    began = mockserver.clock.now
    job = mockserver.jobs[job_id(submit(mockserver))]
    assert (job.status, mockserver.clock.mode, mockserver.clock.now) == ("queued", "manual", began)
    next_event = mockserver.clock.next
    assert next_event == began + timedelta(seconds=2)
    assert mockserver.clock.to_next() == 1
    assert job.now().status == "running"
    assert mockserver.clock.now - began == timedelta(seconds=2)
    mockserver.clock.advance("500ms")
    mockserver.clock.advance(0.25)
    mockserver.clock.advance(timedelta(milliseconds=250))
    assert mockserver.clock.now - began == timedelta(seconds=3)
    assert mockserver.clock.until(job).status == "succeeded"
    assert mockserver.clock.until(job.id).status == "succeeded"
    no_event: object = mockserver.clock.next
    assert no_event is None
    assert mockserver.clock.to_next() == 0
    mockserver.clock.change("scaled", speed=1000)
    assert mockserver.clock.mode == "scaled"


@pytest.mark.mockserver(clock="manual")
def test_an_impossible_move_of_the_clock_is_an_error(mockserver: MockServer) -> None:
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


def test_a_scenario_can_be_a_name_a_path_a_model_or_a_mapping(mockserver: MockServer, tmp_path: Path) -> None:
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


def test_the_handle_and_the_control_api_switch_scenarios_in_the_same_way(mockserver: MockServer) -> None:
    def journal() -> list[str]:
        entries = requests.get(f"{control(mockserver)}/journal", timeout=10).json()["entries"]
        return [entry.get("note", entry["kind"]) for entry in reversed(entries)]

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
def test_a_scenario_with_a_running_clock_continues_jobs_that_stood_still(
    mockserver: MockServer, by_handle: bool
) -> None:
    receiver = mockserver.receiver()
    mockserver.account("videotoprompt").webhook = receiver
    analysis = job_id(submit(mockserver))
    running = {"scenario": "running", "extends": "default", "clock": {"mode": "scaled", "speed": 10_000}}
    if by_handle:
        mockserver.use(running)
    else:
        requests.put(f"{control(mockserver)}/scenario", json=running, timeout=10).raise_for_status()
    (call,) = receiver.wait_for("analysis.completed")
    assert call.json["data"]["id"] == analysis
    assert mockserver.clock.mode == "scaled"


def test_an_invalid_scenario_is_an_error_with_the_reason(mockserver: MockServer) -> None:
    with pytest.raises(MockServerError, match="did you mean 'videotoprompt-outage'"):
        mockserver.use("videotoprompt-outrage")
    with pytest.raises(MockServerError, match="unknown key 'rulez'"):
        mockserver.use({"rulez": []})
    with pytest.raises(MockServerError, match="No such file"):
        mockserver.use(Path("nowhere.yaml"))


def test_a_fault_applies_as_often_as_requested_and_only_to_its_key(mockserver: MockServer) -> None:
    other = mockserver.key("videotoprompt", "other")
    mockserver.fault("videotoprompt.analyze_url", "rate_limited", times=2, retry_after="20s", key=other)
    assert submit(mockserver).status_code == 202
    first = submit(mockserver, key=other)
    assert (first.status_code, first.headers["retry-after"]) == (429, "20")
    assert [submit(mockserver, key=other).status_code for _ in range(2)] == [429, 202]
    with pytest.raises(MockServerError, match="did you mean 'rate_limited'"):
        mockserver.fault("videotoprompt.*", "rate_limitd")


def test_a_reset_fault_resets_the_connection_after_the_job_was_created(mockserver: MockServer) -> None:
    mockserver.fault("videotoprompt.analyze_url", "reset", phase="after_commit")
    with pytest.raises(requests.ConnectionError, match="reset"):
        submit(mockserver)
    assert len(mockserver.jobs) == 1
    assert [r.status for r in mockserver.requests("videotoprompt.analyze_url")] == [202]


def test_an_account_can_be_read_and_changed(mockserver: MockServer) -> None:
    account = mockserver.account("prompttovideo")
    account.credits = 2
    headers = {"Authorization": f"Bearer {account.key}"}
    body = {"prompt": "A sunset", "quality": "premium"}
    generate = mockserver.url("prompttovideo", "/api/v1/generate")
    assert requests.post(generate, json=body, headers=headers, timeout=10).status_code == 402
    account.change(credits=10, plan="basic", limits={"calls_per_day": 1})
    assert (account.credits, account.plan, account.reserved) == (10, "basic", 0)
    with pytest.raises(MockServerError, match="Unknown limit"):
        account.change(limits={"requests_per_age": 1})
    with pytest.raises(MockServerError, match="No provider has a plan"):
        account.plan = "platinum"
    account.credits = None
    assert account.credits is None


def test_reset_clears_the_jobs_or_everything(mockserver: MockServer) -> None:
    submit(mockserver)
    mockserver.reset("jobs")
    assert (len(mockserver.jobs), len(mockserver.requests())) == (0, 1)
    mockserver.reset()
    assert mockserver.requests() == []


# Requests, expectations and the report.


def test_requests_can_be_read_and_filtered(mockserver: MockServer) -> None:
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
    ("arguments", "message"),
    [
        ({"operation": "videotoprompt.analyse_url"}, "did you mean 'videotoprompt.analyze_url'"),
        ({"when": {"account.plan": {"equals": "pro"}}}, "must begin with one of body, query, header, path, input"),
        ({"when": {"body": {"equals": 1}}}, "does not name a value of a request"),
        ({"when": {"body.url": {"is": "x"}}}, "body.url: "),
    ],
)
def test_a_wrong_filter_is_an_error(mockserver: MockServer, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(MockServerError, match=message):
        mockserver.requests(**arguments)


def test_expectations_count_requests(mockserver: MockServer) -> None:
    hikes = mockserver.expect("videotoprompt.analyze_url", times=2, when={"body.url": {"contains": "hike"}})
    mockserver.expect("videotoprompt.analyze_*", at_least=1, at_most=3)
    mockserver.expect("prompttovideo.*", times=0)
    submit(mockserver)
    submit(mockserver, "https://example.com/beach.mp4")
    assert not hikes.met
    with pytest.raises(AssertionError) as failed:
        mockserver.verify()
    first_line, call, other = str(failed.value).splitlines()
    where, _, problem = first_line.partition(": ")
    assert problem == "videotoprompt.analyze_url was expected twice, but it was called once"
    file, _, line = where.partition(":")
    assert "times=2" in Path(file).read_text("utf-8").splitlines()[int(line) - 1]
    assert call.startswith("  call: POST /v1/analyze/url -> 202 (videotoprompt.analyze_url key ")
    assert other.endswith(" (failed condition: body.url contains 'hike')")
    submit(mockserver)
    mockserver.verify()
    assert [request.json["url"] for request in hikes.requests] == [VIDEO, VIDEO]


@pytest.mark.parametrize("wrong", [{"times": 1, "at_least": 1}, {"at_least": 3, "at_most": 2}])
def test_contradictory_expectations_are_refused(mockserver: MockServer, wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"use either times, or|at_least \(3\) is greater than at_most \(2\)"):
        mockserver.expect("videotoprompt.analyze_url", **wrong)  # type: ignore[arg-type]


def test_the_report_describes_what_happened_without_secrets(mockserver: MockServer, unused_url: str) -> None:
    mockserver.use({"rules": [{**THROTTLED["rules"][0], "when": {"body.url": {"contains": "beach"}}}]})
    mockserver.account("videotoprompt").webhook = f"{unused_url}/hook"
    submit(mockserver)
    requests.post(mockserver.url("videotoprompt", "/analyze/url"), timeout=10)
    report = mockserver.report()
    assert f"sandbox {mockserver.name}: scenario test, seed 1, clock auto" in report
    no_rule = "no rule matched; closest: 'no' (failed condition: body.url contains 'beach')"
    assert f"POST /v1/analyze/url: {no_rule}" in report
    assert "POST /analyze/url: videotoprompt has no such operation; closest: POST /v1/analyze/url" in report
    assert f"analysis.completed to {unused_url}/hook: " in report
    assert mockserver.key("videotoprompt") not in report


# Lifetime and threads.


def test_without_pytest_the_handle_is_a_context_manager() -> None:
    with MockServer(THROTTLED, seed=7, clock="manual") as mock:
        assert submit(mock).status_code == 429
        assert mock.clock.mode == "manual"
        assert "/~" not in mock.url("videotoprompt")
        with pytest.raises(MockServerError, match="already open"):
            mock.open()
    mock.close()
    with pytest.raises(MockServerError, match="closed"):
        mock.url("videotoprompt")
    with pytest.raises(AssertionError, match="expected at least once, but it was not called"), MockServer() as mock:
        mock.expect("videotoprompt.analyze_url")
    with pytest.raises(ZeroDivisionError), MockServer() as mock:
        _ = 1 / len([mock.expect("videotoprompt.analyze_url").requests][0])
    with pytest.raises(MockServerError, match="no scenario named"):
        MockServer("nothing-like-it").open()


def test_a_server_closes_while_a_request_hangs() -> None:
    with MockServer(clock="manual") as mock:
        mock.fault("videotoprompt.analyze_url", "hang")
        address = urlsplit(mock.url("videotoprompt"))
        with socket.create_connection((str(address.hostname), int(address.port or 0)), 10) as hanging:
            hanging.sendall(HANGING)
            # A later request has been answered, so the hanging one has been read.
            assert requests.get(mock.url("videotoprompt") + "/analyze/ana_0", timeout=10).status_code == 401
            mock.close()
            with suppress(ConnectionResetError):
                assert hanging.recv(1) == b""


def test_the_same_seed_gives_the_same_values() -> None:
    values = []
    for _ in range(2):
        with MockServer(seed=11) as mock:
            values.append((job_id(submit(mock)), mock.secret("descrideo")))
    assert values[0] == values[1]


def test_many_threads_can_use_one_handle(mockserver: MockServer) -> None:
    jobs: list[Job] = []
    workers = [
        threading.Thread(target=lambda: jobs.append(mockserver.jobs[job_id(submit(mockserver))])) for _ in range(8)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(20)
    # Only now: an auto clock stands still while a request of another thread is in progress.
    assert [job.now().status for job in jobs] == ["succeeded"] * 8


def test_the_package_exports_only_the_handle() -> None:
    assert package.MockServer is MockServer
    with pytest.raises(AttributeError, match="Nothing"):
        _ = package.Nothing
