"""The fixture `mockserver_intercept`: requests of unmodified programs reach the sandbox of the test."""

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
def test_python_programs_use_the_sandbox_of_the_test(
    mockserver: MockServer, mockserver_intercept: Interception, code: str
) -> None:
    mockserver.expect("prompttovideo.generate", times=1, when={"body.prompt": {"equals": "a red kite"}})
    done = mockserver_intercept.run(python(code, "a red kite"))
    assert (done.stdout, done.stderr, done.returncode) == ("pending\n", "", 0)
    assert [job.status for job in mockserver.jobs.all()] == ["succeeded"]
    assert [request.key for request in mockserver.requests()] == ["any-key"]


@pytest.mark.parametrize("node", nodes())
def test_node_programs_use_the_sandbox_of_the_test(
    mockserver: MockServer, mockserver_intercept: Interception, node: str
) -> None:
    mockserver.fault("prompttovideo.generate", "overloaded", message="Try again later")
    command = [node, "--input-type=module", "-e", FETCH, "a red kite"]
    assert [mockserver_intercept.run(command).stdout for _ in range(2)] == ["Try again later\n", "pending\n"]
    assert [request.status for request in mockserver.requests("prompttovideo.generate")] == [503, 200]


def test_curl_uses_the_sandbox_of_the_test(mockserver: MockServer, mockserver_intercept: Interception) -> None:
    mockserver.use("prompttovideo-out-of-credits")
    mockserver.account("prompttovideo", "any-key").credits = 0
    done = mockserver_intercept.run([*CURL, "-d", '{"prompt": "a red kite"}', "-w", "%{http_code}"])
    assert done.stdout.endswith("402")
    assert len(mockserver.jobs) == 0


def test_the_environment_is_complete_for_any_other_way_to_run_a_program(
    mockserver_intercept: Interception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SET_LATER", "yes")
    whole = mockserver_intercept.environment()
    assert whole["PATH"] == os.environ["PATH"]
    assert whole["SET_LATER"] == "yes"
    assert whole["HTTPS_PROXY"] == whole["MOCKSERVER_URL"] == mockserver_intercept.url
    assert whole.items() - os.environ.items() == mockserver_intercept.variables().items()
    assert mockserver_intercept.environment({"NODE_OPTIONS": "--no-warnings"})["NODE_OPTIONS"].endswith("--no-warnings")
    done = mockserver_intercept.run(python("import os; print(os.environ['MINE'])"), env={"MINE": "kept"})
    assert done.stdout == "kept\n"


def test_the_variables_also_work_for_clients_in_this_process(
    mockserver: MockServer, mockserver_intercept: Interception, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in mockserver_intercept.variables().items():
        monkeypatch.setenv(name, value)
    headers = {"Authorization": "Bearer any-key"}
    with requests.post(URL, json={"prompt": "a red kite"}, headers=headers, timeout=10) as reply:
        video = reply.json()["video_id"]
    request = urllib.request.Request(f"https://prompttovideo.com/api/v1/video/{video}/status", headers=headers)
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=ssl.create_default_context()))
    with opener.open(request, timeout=10) as answer:
        assert answer.status == 200
    assert len(mockserver.requests()) == 2


def test_the_control_api_at_the_proxy_is_that_of_the_sandbox(
    mockserver: MockServer, mockserver_intercept: Interception
) -> None:
    mockserver_intercept.run(python(URLLIB, "a red kite"))
    with requests.get(f"{mockserver_intercept.url}/_mock/jobs", timeout=10) as reply:
        assert [job["id"] for job in reply.json()["jobs"]] == [mockserver.jobs.all()[0].id]


def test_each_interception_uses_the_sandbox_that_created_it() -> None:
    with MockServer() as one, MockServer() as two, one.intercept() as to_one, two.intercept() as to_two:
        to_one.run(python(URLLIB, "for one"))
        to_two.run(python(URLLIB, "for two"))
        for mock, prompt in ((one, "for one"), (two, "for two")):
            assert [request.json["prompt"] for request in mock.requests()] == [prompt]


def test_other_hosts_are_refused_and_the_report_lists_them(
    mockserver: MockServer, mockserver_intercept: Interception
) -> None:
    code = "import urllib.request as u\ntry: u.urlopen('https://example.com/')\nexcept OSError as error: print(error)"
    hint = "example.com:443 is not a provider's host; use --allow-external to allow other hosts"
    assert hint in mockserver_intercept.run(python(code)).stdout
    assert mockserver_intercept.refused == {"example.com:443": 1}
    assert mockserver.report().endswith(f"intercepted programs:\n  refused: {hint}")


def test_allow_external_keeps_the_certificates_of_the_system(mockserver: MockServer) -> None:
    with mockserver.intercept(allow_external=True) as interception:
        assert "SSL_CERT_DIR" not in interception.variables({})
        assert len(Path(interception.variables()["SSL_CERT_FILE"]).read_text("ascii").split("BEGIN CERTIFICATE")) > 2


def test_a_closed_interception_cannot_be_used_and_leaves_no_files(mockserver: MockServer) -> None:
    with mockserver.intercept() as interception:
        bundle, url = Path(interception.variables()["SSL_CERT_FILE"]), interception.url
        assert repr(interception) == f"<interception {url}>"
    interception.close()
    assert not bundle.exists()
    assert repr(interception) == "<interception closed>"
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=5)
    uses: list[Callable[[], Any]] = [
        interception.environment,
        interception.variables,
        lambda: interception.url,
        lambda: interception.run(["true"]),
    ]
    for use in uses:
        with pytest.raises(MockServerError, match=r"^this interception is closed: it closes with its `with` block"):
            use()


def test_an_interception_closes_with_its_mockserver() -> None:
    with MockServer() as mock:
        interception = mock.intercept()
    with pytest.raises(MockServerError, match="this interception is closed"):
        interception.environment()
    with pytest.raises(MockServerError, match="this mockserver is closed"):
        mock.intercept()


def test_webhooks_to_an_open_interception_are_refused(mockserver: MockServer) -> None:
    with mockserver.intercept() as interception:
        assert delivered(mockserver, interception.url) == "refused"
    receiver = mockserver.receiver()
    assert delivered(mockserver, receiver.url) == "response"


def delivered(mock: MockServer, url: str) -> str:
    """Return the outcome of the first attempt of a webhook to `url`."""
    mock.account("videotoprompt").webhook = url
    headers = {"Authorization": f"Bearer {mock.key('videotoprompt')}"}
    body = {"url": "https://example.com/hike.mp4"}
    with requests.post(mock.url("videotoprompt") + "/analyze/url", json=body, headers=headers, timeout=10) as reply:
        job = reply.json()["id"]
    (delivery,) = [delivery for delivery in mock.deliveries.all() if delivery.job == job]
    return delivery.attempts[0].outcome


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["no-such-program"], r"^cannot run no-such-program: No such file or directory$"),
        ("no-such-program at all", r"^cannot run no-such-program at all: No such file or directory$"),
        ([], r"^there is no program to run: the command is empty$"),
        (
            [sys.executable, "-c", "import time; print('begun', flush=True); time.sleep(60)"],
            r"did not finish within 0\.5 s",
        ),
    ],
)
def test_a_program_that_cannot_be_run_or_does_not_end_is_an_error(
    mockserver_intercept: Interception, command: list[str] | str, message: str
) -> None:
    with pytest.raises(MockServerError, match=message):
        mockserver_intercept.run(command, timeout=0.5)


def test_the_error_names_a_working_directory_that_does_not_exist(mockserver_intercept: Interception) -> None:
    with pytest.raises(MockServerError, match=r"^cannot run .*: no-such-place: No such file or directory$"):
        mockserver_intercept.run([sys.executable, "-c", ""], cwd="no-such-place")


def test_output_that_is_not_valid_text_is_returned_with_replacements(mockserver_intercept: Interception) -> None:
    done = mockserver_intercept.run(python(r"import sys; sys.stdout.buffer.write(b'a\xff\n')"))
    assert done.stdout == "a\ufffd\n"


def test_an_interception_without_a_free_port_is_an_error(
    mockserver: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_port() -> Any:
        raise OSError("no ports are left")

    monkeypatch.setattr("mockserver.intercept.interceptor.open_sockets", no_port)
    with pytest.raises(MockServerError, match=r"^cannot intercept programs: no ports are left$"):
        mockserver.intercept()


def test_a_program_cannot_be_run_on_the_servers_own_loop(
    mockserver: MockServer, mockserver_intercept: Interception
) -> None:
    errors: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            mockserver_intercept.run(python(URLLIB, "a red kite"))
        except MockServerError as error:
            errors.append(str(error))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    delivered(mockserver, mockserver.webhook_app(app))
    assert [error.partition(",")[0] for error in errors] == ["this was called on the server's own event loop"]


LAZY = """
import sys
from mockserver import MockServer
with MockServer() as mock:
    mock.url("nanophoto")
    print(*{"trustme", "mockserver.intercept.interceptor"} & set(sys.modules))
    mock.intercept()
    print("trustme" in sys.modules)
"""


def test_interception_imports_nothing_until_it_is_used() -> None:
    done = subprocess.run(python(LAZY), capture_output=True, timeout=PATIENCE, check=False)
    assert (done.stdout, done.stderr) == (b"\nTrue\n", b"")


def test_the_report_of_a_failing_test_has_the_intercepted_requests(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
def test_it(mockserver, mockserver_intercept):
    mockserver_intercept.run(["curl", "-s", "https://nanophoto.ai/api/sora-2/reverse-prompts"])
    assert False
"""
    )
    run_inner(pytester).stdout.fnmatch_lines(
        ["*nanophoto has no such operation; closest: POST /api/sora-2/reverse-prompt*"]
    )
