"""The handle and the fixture with a server that runs elsewhere: `MockServer(url=...)` and MOCKSERVER_URL."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import requests

from mockserver import MockServer
from mockserver.app import create_app
from mockserver.cli.main import main
from mockserver.settings import Settings
from mockserver.testing import MockServerError
from mockserver.testing.hosted_sandbox import HostedSandbox
from mockserver.testing.remote.host import RemoteHost
from mockserver.testing.remote.sandbox import RemoteSandbox
from tests.inner import run_inner
from tests.live import live_server

VIDEO = "https://example.com/hike.mp4"
TOKEN = "open-sesame"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server that a team shares, with a token."""
    with live_server(create_app(Settings(token=TOKEN))) as base:
        yield base


@pytest.fixture
def mock(server: str) -> Iterator[MockServer]:
    with MockServer(url=server, token=TOKEN, clock="manual") as mock:
        yield mock


def sandboxes(server: str) -> list[str]:
    """Return the names of the sandboxes of the server."""
    reply = requests.get(f"{server}/_mock/sandboxes", headers={"X-Mock-Token": TOKEN}, timeout=10).json()
    return [each["name"] for each in reply["sandboxes"]]


def submit(mock: MockServer, url: str = VIDEO, key: str | None = None, **body: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {key or mock.key('videotoprompt')}"}
    target = mock.url("videotoprompt") + "/analyze/url"
    return requests.post(target, json={"url": url, **body}, headers=headers, timeout=10)


def test_both_kinds_of_sandboxes_have_the_same_interface() -> None:
    # What the parts of the handle use, and a server elsewhere must have an own answer for.
    shared = {"run", "run_settled", "act", "check_operation", "check_event"}
    public = {name for name in vars(HostedSandbox) if not name.startswith("_")}
    assert public - shared <= set(vars(RemoteSandbox))


def test_a_sandbox_is_created_for_the_handle_and_deleted(server: str) -> None:
    with MockServer(url=server, token=TOKEN) as mock:
        assert mock.name in sandboxes(server)
        assert submit(mock).status_code == 202
        assert mock.jobs.all()[0].status == "succeeded", "the clock is auto, as in this process"
    assert sandboxes(server) == ["default"]


def test_jobs_and_the_clock(mock: MockServer) -> None:
    began = mock.clock.now
    job = mock.jobs[submit(mock).json()["id"]]
    assert (job.status, job.provider, job.key) == ("queued", "videotoprompt", mock.key("videotoprompt"))
    assert mock.clock.next is not None
    assert mock.clock.to_next() == 1
    assert job.now().status == "running"
    assert mock.clock.advance("1s") >= 0
    assert mock.clock.until(job).status == "succeeded"
    assert job.now().updated_at > job.created_at >= began
    other = mock.jobs[submit(mock).json()["id"]]
    assert other.force("failed", error="No").error == "No"
    assert [each.id for each in mock.jobs.all(status="failed")] == [other.id]
    with pytest.raises(MockServerError, match="there is no job 'nothing'"):
        mock.jobs["nothing"]


def test_the_same_test_gets_the_same_values_as_in_this_process(server: str) -> None:
    replies = []
    for handle in (MockServer(url=server, token=TOKEN, seed=5), MockServer(seed=5)):
        with handle as mock:
            account = mock.account("descrideo")
            account.send_events_to("http://127.0.0.1:9/hook", secret="whsec_mine")
            replies.append((mock.clock.now, mock.secret("descrideo"), account.limits, account.plan))
    assert replies[0] == replies[1]


def test_accounts(mock: MockServer) -> None:
    account = mock.account("prompttovideo")
    account.credits = 7
    account.change(plan="pro", limits={"requests_per_minute": 2})
    assert (account.credits, account.plan, account.reserved) == (7, "pro", 0)
    limited = mock.account("videotoprompt")
    limited.change(limits={"requests_per_minute": 2})
    assert limited.limits["requests_per_minute"] == 2
    assert account.ledger[-1]["kind"] == "grant"
    with pytest.raises(MockServerError, match="did you mean"):
        account.change(plan="proo")
    with pytest.raises(MockServerError, match="does not accept the key"):
        _ = mock.account("videotoprompt", mock.key("videotoprompt", "invalid")).plan


def test_the_secret_is_the_one_that_the_provider_returns(mock: MockServer) -> None:
    headers = {"X-API-Key": mock.key("descrideo")}
    reply = requests.get(mock.url("descrideo") + "/webhook-secret", headers=headers, timeout=10).json()
    assert reply == {"secret": mock.secret("descrideo")}


def test_webhooks_reach_a_receiver_on_this_machine(mock: MockServer) -> None:
    receiver = mock.receiver().answer_with(503)
    mock.account("videotoprompt").send_events_to(receiver, secret="whsec_mine")
    analysis = submit(mock).json()["id"]
    delivery = mock.deliveries.wait_for("analysis.completed")
    assert [attempt.status for attempt in delivery.attempts] == [503, 200]
    assert (delivery.job, delivery.json["data"]["id"]) == (analysis, analysis)
    assert [call.signature for call in receiver.calls] == ["valid", "valid"]
    delivery.replay()
    mock.clock.to_next()
    assert receiver.wait_for("analysis.completed", count=3)[2].signature == "valid"


def test_waiting_for_a_delivery_that_does_not_come_fails(server: str) -> None:
    with MockServer(url=server, token=TOKEN) as mock:
        submit(mock)
        with pytest.raises(AssertionError, match=r"no 'analysis\.completed' was delivered; deliveries so far: none"):
            mock.deliveries.wait_for("analysis.completed", timeout=0.05)


def test_requests_faults_and_expectations(mock: MockServer) -> None:
    mock.fault("videotoprompt.analyze_url", "rate_limited", retry_after="20s")
    assert [submit(mock, VIDEO).status_code, submit(mock, "https://x.org/b.mp4").status_code] == [429, 202]
    first, second = mock.requests("videotoprompt.*")
    assert (first.status, second.json, second.key) == (
        429, {"url": "https://x.org/b.mp4"}, mock.key("videotoprompt"),
    )  # fmt: skip
    when = {"body.url": {"contains": "x.org"}}
    assert [each.number for each in mock.requests(when=when)] == [second.number]
    mock.expect("videotoprompt.analyze_url", times=2)
    headers = {"Authorization": f"Bearer {mock.key('videotoprompt')}"}
    requests.get(mock.url("videotoprompt") + "/analyze", params={"limit": "1"}, headers=headers, timeout=10)
    assert [each.query for each in mock.requests(when={"query.limit": {"equals": "1"}})] == [{"limit": "1"}]
    with pytest.raises(MockServerError, match="did you mean"):
        mock.fault("videotoprompt.analyze_urll", "rate_limited")
    mock.reset("journal")
    assert mock.requests() == []
    mock.expect("videotoprompt.analyze_url", times=0)
    with pytest.raises(AssertionError, match="was expected twice, but it was not called"):
        mock.verify()
    mock._expectations.clear()


def test_scenarios_of_this_machine_and_of_the_server(mock: MockServer, tmp_path: Path) -> None:
    down = tmp_path / "down.yaml"
    down.write_text("scenario: down\nextends: ./base.yaml\n")
    rule = "rules:\n  - {name: down, operation: '*', fault: {kind: overloaded}}\n"
    (tmp_path / "base.yaml").write_text(f"scenario: base\nextends: default\n{rule}")
    mock.use(down)
    assert submit(mock).status_code == 503
    mock.use("videotoprompt-rate-limited")
    assert "scenario videotoprompt-rate-limited" in mock.report()
    mock.use({"expect": [{"operation": "videotoprompt.analyze_url", "count": 5}]})
    with pytest.raises(AssertionError, match="analyze_url"):
        mock.verify()
    mock.use("default")
    with pytest.raises(MockServerError, match="there is no scenario named 'nothing'"):
        mock.use("nothing")


def test_the_verdict_and_the_coverage(mock: MockServer) -> None:
    for _ in range(30):
        submit(mock)
    verdict = mock.verdict()
    assert (verdict.requests, verdict.observed) == (30, True)
    allowed = {finding.rule for finding in verdict.findings}
    assert allowed
    assert mock.verdict(allow=allowed).findings == ()
    report = mock.coverage()
    assert [part.provider for part in report.parts] == ["videotoprompt"]
    assert report.score.met > 0


def test_the_report_of_a_failed_test_masks_keys(mock: MockServer, server: str) -> None:
    submit(mock)
    text = mock.report()
    assert text.startswith(f"sandbox {mock.name} of {server}: scenario default, seed 1, clock manual at ")
    assert "unmatched requests" not in text
    assert "POST /v1/analyze/url -> 202" in text
    assert mock.key("videotoprompt") not in text


def test_httpx_clients_need_no_base_url(mock: MockServer) -> None:
    headers = {"Authorization": "Bearer any-key"}
    with httpx2.Client(transport=mock.transport(), headers=headers) as client:
        assert client.post("https://api.videotoprompt.org/v1/analyze/url", json={"url": VIDEO}).status_code == 202

    async def ask() -> int:
        async with httpx2.AsyncClient(transport=mock.transport(), headers=headers) as client:
            reply = await client.post("https://api.videotoprompt.org/v1/analyze/url", json={"url": VIDEO})
            return reply.status_code

    assert asyncio.run(ask()) == 202
    assert len(mock.jobs) == 2


async def no_application(scope: Any, receive: Any, send: Any) -> None: ...


def test_what_needs_a_server_in_this_process_says_so(mock: MockServer, server: str) -> None:
    uses: dict[str, Callable[[], object]] = {
        "intercept()": mock.intercept,
        "webhook_app()": lambda: mock.webhook_app(no_application),
        "this": lambda: mock.hosted.sandbox,
    }
    for name, use in uses.items():
        with pytest.raises(MockServerError) as error:
            use()
        assert str(error.value).startswith(f"{name} needs a server in the process of the tests"), name
        assert server in str(error.value)
        assert "Unset MOCKSERVER_URL" in str(error.value)


def test_errors_of_the_connection(server: str) -> None:
    with pytest.raises(MockServerError, match=r"no answer from http://127\.0\.0\.1:9: .* Start the server, or unset"):
        MockServer(url="http://127.0.0.1:9").open()
    with pytest.raises(MockServerError, match="'localhost:8080' is not the URL of a server"):
        MockServer(url="localhost:8080").open()
    with pytest.raises(MockServerError, match=r"needs its token: .*Set MOCKSERVER_TOKEN"):
        MockServer(url=server).open()


def test_receivers_use_an_address_that_the_server_can_reach() -> None:
    with live_server(create_app(Settings())) as base:
        for name, expected in ((None, ("127.0.0.1", "127.0.0.1")), ("172.17.0.1", ("172.17.0.1", "0.0.0.0"))):
            host = RemoteHost(base, receiver_host=name)
            assert host.receiver_address == expected
            host.close()


TESTS = """
import os

import pytest
import requests

seen = []


@pytest.mark.parametrize("number", range(2))
def test_alone(mockserver, number):
    headers = {"Authorization": f"Bearer {mockserver.key('videotoprompt')}"}
    url = mockserver.url("videotoprompt") + "/analyze/url"
    assert url.startswith(os.environ["MOCKSERVER_URL"])
    assert requests.post(url, json={"url": "https://example.com/a.mp4"}, headers=headers, timeout=10).ok
    assert [job.status for job in mockserver.jobs] == ["succeeded"]


@pytest.mark.mockserver(scenario={"clock": {"mode": "manual"}})
def test_the_clock_of_the_scenario(mockserver):
    assert mockserver.clock.mode == "manual"
"""


def test_the_fixture_uses_the_server_of_the_variable(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    monkeypatch.setenv("MOCKSERVER_URL", server)
    monkeypatch.setenv("MOCKSERVER_TOKEN", TOKEN)
    pytester.makepyfile(TESTS)
    result = run_inner(pytester, "--mockserver-coverage", "--mockserver-verdict")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["coverage: *videotoprompt"])
    assert sandboxes(server) == ["default"]


def test_a_second_run_beside_the_first_gets_other_sandboxes(server: str) -> None:
    host = RemoteHost(server, TOKEN)
    names = []
    handles = [MockServer.within(host, "t-same", None, None, None, None) for _ in range(3)]
    for handle in handles:
        names.append(handle.open().name)
        assert handle.key("nanophoto").endswith(f"sbx-{handle.name}")
    for handle in handles:
        handle.close()
    host.close()
    assert names == ["t-same", "t-same-2", "t-same-3"]


def test_settings_of_the_server_cannot_be_given_to_the_fixture(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    pytester.makepyfile("def test_it(mockserver): ...")
    result = run_inner(pytester, f"--mockserver-url={server}", "--mockserver-strict")
    result.stderr.fnmatch_lines(["*strict is a setting of the server: start the one at*with --strict*"])
    monkeypatch.delenv("MOCKSERVER_TOKEN", raising=False)
    result = run_inner(pytester, "--mockserver-url=http://127.0.0.1:9")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*no answer from http://127.0.0.1:9*"])


def test_within_exec_the_fixture_keeps_its_own_server(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOCKSERVER_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("MOCKSERVER_INTERCEPT", "{}")
    pytester.makepyfile("def test_it(mockserver):\n    assert mockserver.jobs.all() == []")
    run_inner(pytester).assert_outcomes(passed=1)


def test_commands_use_the_server_of_the_variable(
    server: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MOCKSERVER_URL", server)
    assert main(["health"]) == 0
    assert main(["push", "tour"]) == 2
    assert "Give it with --token or MOCKSERVER_TOKEN" in capsys.readouterr().err
    monkeypatch.setenv("MOCKSERVER_TOKEN", TOKEN)
    assert main(["push", "default"]) == 0
    assert f"sandbox default of {server} now uses the scenario default" in capsys.readouterr().out
    assert main(["coverage", "--format", "json"]) == 0
    assert main(["verdict"]) in (0, 3)
