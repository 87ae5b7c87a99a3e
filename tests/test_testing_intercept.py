"""Unmodified programs under the fixture `mockserver_intercept`: what they call reaches the sandbox of the test."""

import os
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from mockserver import MockServer
from mockserver.testing import Interception, MockServerError
from tests.inner import run_inner
from tests.programs import PATIENCE, nodes, python

URL = "https://prompttovideo.com/api/v1/generate"
URLLIB = f"""
import json, sys, urllib.request
HEADERS = {{"Authorization": "Bearer any-key", "Content-Type": "application/json"}}
asked = json.dumps({{"prompt": sys.argv[1]}}).encode()
try:
    with urllib.request.urlopen(urllib.request.Request({URL!r}, asked, HEADERS), timeout=10) as reply:
        print(json.load(reply)["status"])
except OSError as error:
    print(error)
"""
REQUESTS = f"""
import sys, requests
with requests.post({URL!r}, json={{"prompt": sys.argv[1]}}, headers={{"Authorization": "Bearer any-key"}}) as reply:
    print(reply.json().get("status", reply.json().get("error")))
"""
FETCH = f"""
const headers = {{ authorization: 'Bearer any-key', 'content-type': 'application/json' }};
const body = JSON.stringify({{ prompt: process.argv[1] }});
const reply = await (await fetch('{URL}', {{ method: 'POST', headers, body }})).json();
console.log(reply.status ?? reply.error);
"""
CURL = ["curl", "-sS", "-m", "10", URL, "-H", "Authorization: Bearer any-key", "-H", "Content-Type: application/json"]


@pytest.mark.parametrize("code", [URLLIB, REQUESTS], ids=["urllib", "requests"])
def test_python_reaches_this_tests_sandbox(
    mockserver: MockServer, mockserver_intercept: Interception, code: str
) -> None:
    mockserver.expect("prompttovideo.generate", times=1, when={"body.prompt": {"equals": "a red kite"}})
    done = mockserver_intercept.run(python(code, "a red kite"))
    assert (done.stdout, done.stderr, done.returncode) == ("pending\n", "", 0)
    assert [job.status for job in mockserver.jobs.all()] == ["succeeded"]
    assert [request.key for request in mockserver.requests()] == ["any-key"]


@pytest.mark.parametrize("node", nodes())
def test_node_reaches_it_too(mockserver: MockServer, mockserver_intercept: Interception, node: str) -> None:
    mockserver.fault("prompttovideo.generate", "overloaded", message="Try again later")
    asked = [node, "--input-type=module", "-e", FETCH, "a red kite"]
    assert [mockserver_intercept.run(asked).stdout for _ in range(2)] == ["Try again later\n", "pending\n"]
    assert [request.status for request in mockserver.requests("prompttovideo.generate")] == [503, 200]


def test_curl_reaches_it_too(mockserver: MockServer, mockserver_intercept: Interception) -> None:
    mockserver.use("prompttovideo-out-of-credits")
    mockserver.account("prompttovideo", "any-key").credits = 0
    done = mockserver_intercept.run([*CURL, "-d", '{"prompt": "a red kite"}', "-w", "%{http_code}"])
    assert done.stdout.endswith("402")
    assert len(mockserver.jobs) == 0


def test_a_program_is_run_in_any_other_way_with_the_whole_environment(
    mockserver_intercept: Interception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAID_LATER", "yes")
    whole = mockserver_intercept.environment()
    assert whole["PATH"] == os.environ["PATH"]
    assert whole["SAID_LATER"] == "yes"
    assert whole["HTTPS_PROXY"] == whole["MOCKSERVER_URL"] == mockserver_intercept.url
    assert whole.items() - os.environ.items() == mockserver_intercept.variables().items()
    assert mockserver_intercept.environment({"NODE_OPTIONS": "--no-warnings"})["NODE_OPTIONS"].endswith("--no-warnings")
    told = mockserver_intercept.run(python("import os; print(os.environ['MINE'])"), env={"MINE": "kept"})
    assert told.stdout == "kept\n"


def test_clients_of_this_process_are_led_there_as_well(
    mockserver: MockServer, mockserver_intercept: Interception, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in mockserver_intercept.variables().items():
        monkeypatch.setenv(name, value)
    headers = {"Authorization": "Bearer any-key"}
    with requests.post(URL, json={"prompt": "a red kite"}, headers=headers, timeout=10) as reply:
        made = reply.json()["video_id"]
    request = urllib.request.Request(f"https://prompttovideo.com/api/v1/video/{made}/status", headers=headers)
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=ssl.create_default_context()))
    with opener.open(request, timeout=10) as answer:
        assert answer.status == 200
    assert len(mockserver.requests()) == 2


def test_the_control_api_at_its_address_is_that_of_the_sandbox(
    mockserver: MockServer, mockserver_intercept: Interception
) -> None:
    mockserver_intercept.run(python(URLLIB, "a red kite"))
    with requests.get(f"{mockserver_intercept.url}/_mock/jobs", timeout=10) as reply:
        assert [job["id"] for job in reply.json()["jobs"]] == [mockserver.jobs.all()[0].id]


def test_each_interception_leads_to_the_sandbox_that_made_it() -> None:
    with MockServer() as one, MockServer() as two, one.intercept() as to_one, two.intercept() as to_two:
        to_one.run(python(URLLIB, "for one"))
        to_two.run(python(URLLIB, "for two"))
        for mock, prompt in ((one, "for one"), (two, "for two")):
            assert [request.json["prompt"] for request in mock.requests()] == [prompt]


def test_other_hosts_are_refused_and_the_report_says_so(
    mockserver: MockServer, mockserver_intercept: Interception
) -> None:
    code = "import urllib.request as u\ntry: u.urlopen('https://example.com/')\nexcept OSError as error: print(error)"
    hint = "example.com:443 is not a provider's host; --allow-external lets it through"
    assert hint in mockserver_intercept.run(python(code)).stdout
    assert mockserver_intercept.refused == {"example.com:443": 1}
    assert mockserver.report().endswith(f"intercepted programs:\n  refused: {hint}")


def test_other_hosts_may_pass(mockserver: MockServer) -> None:
    with mockserver.intercept(allow_external=True) as led:
        assert "SSL_CERT_DIR" not in led.variables({})
        assert len(Path(led.variables()["SSL_CERT_FILE"]).read_text("ascii").split("BEGIN CERTIFICATE")) > 2


def test_when_it_is_over_it_says_so_and_leaves_nothing_behind(mockserver: MockServer) -> None:
    with mockserver.intercept() as led:
        bundle, url = Path(led.variables()["SSL_CERT_FILE"]), led.url
        assert repr(led) == f"<interception {url}>"
    led.close()
    assert not bundle.exists()
    assert repr(led) == "<interception closed>"
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=5)
    uses: list[Callable[[], Any]] = [led.environment, led.variables, lambda: led.url, lambda: led.run(["true"])]
    for use in uses:
        with pytest.raises(MockServerError, match=r"^this interception is over: it ends with its `with` block"):
            use()


def test_it_ends_with_its_mockserver() -> None:
    with MockServer() as mock:
        led = mock.intercept()
    with pytest.raises(MockServerError, match="is over"):
        led.environment()
    with pytest.raises(MockServerError, match="closed"):
        mock.intercept()


def test_webhooks_do_not_go_into_it_while_it_lasts(mockserver: MockServer) -> None:
    with mockserver.intercept() as led:
        assert delivered(mockserver, led.url) == "refused"
    receiver = mockserver.receiver()
    assert delivered(mockserver, receiver.url) == "response"


def delivered(mock: MockServer, url: str) -> str:
    """What becomes of the first attempt of a webhook to `url`."""
    mock.account("videotoprompt").webhook = url
    headers = {"Authorization": f"Bearer {mock.key('videotoprompt')}"}
    asked = {"url": "https://example.com/hike.mp4"}
    with requests.post(mock.url("videotoprompt") + "/analyze/url", json=asked, headers=headers, timeout=10) as reply:
        job = reply.json()["id"]
    (found,) = [delivery for delivery in mock.deliveries.all() if delivery.job == job]
    return found.attempts[0].outcome


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["no-such-program"], r"^no-such-program cannot be run: No such file or directory$"),
        ("no-such-program at all", r"^no-such-program at all cannot be run: No such file or directory$"),
        ([], r"^there is no program to run: the command is empty$"),
        (
            [sys.executable, "-c", "import time; print('begun', flush=True); time.sleep(60)"],
            r"was not done after 0\.5 s",
        ),
    ],
)
def test_a_program_that_cannot_be_run_or_does_not_end_is_told(
    mockserver_intercept: Interception, command: list[str] | str, told: str
) -> None:
    with pytest.raises(MockServerError, match=told):
        mockserver_intercept.run(command, timeout=0.5)


def test_a_directory_that_is_missing_is_not_taken_for_the_program(mockserver_intercept: Interception) -> None:
    with pytest.raises(MockServerError, match=r"cannot be run: no-such-place: No such file or directory$"):
        mockserver_intercept.run([sys.executable, "-c", ""], cwd="no-such-place")


def test_what_a_program_writes_is_shown_also_where_it_is_no_text(mockserver_intercept: Interception) -> None:
    done = mockserver_intercept.run(python(r"import sys; sys.stdout.buffer.write(b'a\xff\n')"))
    assert done.stdout == "a\ufffd\n"


def test_where_no_port_can_be_had_it_says_so(mockserver: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> Any:
        raise OSError("no ports are left")

    monkeypatch.setattr("mockserver.intercept.interceptor.listening", none)
    with pytest.raises(MockServerError, match=r"^programs cannot be led here: no ports are left$"):
        mockserver.intercept()


def test_a_program_is_not_waited_for_on_the_servers_own_loop(
    mockserver: MockServer, mockserver_intercept: Interception
) -> None:
    said: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            mockserver_intercept.run(python(URLLIB, "a red kite"))
        except MockServerError as error:
            said.append(str(error))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    delivered(mockserver, mockserver.webhook_app(app))
    assert [text.partition(",")[0] for text in said] == ["this was called on the server's own event loop"]


LAZY = """
import sys
from mockserver import MockServer
with MockServer() as mock:
    mock.url("nanophoto")
    print(*{"trustme", "mockserver.intercept.interceptor"} & set(sys.modules))
    mock.intercept()
    print("trustme" in sys.modules)
"""


def test_it_costs_nothing_until_it_is_used() -> None:
    done = subprocess.run(python(LAZY), capture_output=True, timeout=PATIENCE, check=False)
    assert (done.stdout, done.stderr) == (b"\nTrue\n", b"")


def test_the_fixture_of_a_failing_test_is_in_its_report(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
def test_it(mockserver, mockserver_intercept):
    mockserver_intercept.run(["curl", "-s", "https://nanophoto.ai/api/sora-2/reverse-prompts"])
    assert False
"""
    )
    run_inner(pytester).stdout.fnmatch_lines(
        ["*nanophoto has no such operation; near: POST /api/sora-2/reverse-prompt*"]
    )
