"""`mockserver exec`: the program is run as if it had been started by itself."""

import json
import os
import pty
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mockserver.cli.main import main
from tests.programs import PATIENCE, command, execute, python

SUBMIT = """
import json, urllib.request
def call(url, body=None, method=None, **headers):
    headers = {"Authorization": "Bearer key-1", "Content-Type": "application/json", **headers}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method)) as reply:
        return json.load(reply)
"""
ANALYZE = 'call("https://api.videotoprompt.org/v1/analyze/url", {"url": "https://example.com/a.mp4"})'


@pytest.mark.parametrize(
    ("code", "given"),
    [
        ("raise SystemExit(0)", 0),
        ("raise SystemExit(7)", 7),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 128 + 9),
    ],
)
def test_the_exit_code_is_the_programs(code: str, given: int) -> None:
    assert execute(*python(code)).returncode == given


def test_a_program_that_cannot_be_run_is_told_as_a_shell_does(tmp_path: Path) -> None:
    missing = execute("no-such-program")
    assert (missing.returncode, missing.stderr) == (127, b"mockserver: no-such-program: there is no such program\n")
    file = tmp_path / "file"
    file.write_text("not a program")
    plain = execute(str(file))
    assert plain.returncode == 126
    assert b"Permission denied" in plain.stderr


def test_what_cannot_be_used_is_said_and_nothing_is_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ran = tmp_path / "ran"
    program = python(f"open({str(ran)!r}, 'w')")
    assert main(["exec"]) == 2
    assert main(["exec", "--scenario", "defualt", "--", *program]) == 2
    assert main(["exec", "--clock", "soon", "--", *program]) == 2
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "exec needs the program to run: mockserver exec -- COMMAND ..."
    assert "did you mean 'default'?" in told[1]
    assert told[2] == "clock must be real, manual, auto, or a speed such as 60x, not 'soon'"
    assert not ran.exists()


def test_the_programs_streams_are_its_own() -> None:
    copy = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read()); sys.stderr.write('mine')"
    given = bytes(range(256))
    done = execute(*python(copy), given=given)
    assert (done.returncode, done.stdout, done.stderr) == (0, given, b"mine")


def test_options_after_the_program_are_the_programs() -> None:
    done = execute(*python("import sys; print(sys.argv[1:])", "--seed", "7", "--", "-x"))
    assert done.stdout.decode().strip() == "['--seed', '7', '--', '-x']"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda n: n.name)
def test_a_signal_goes_to_the_program_and_its_end_is_waited_for(number: signal.Signals) -> None:
    waits = f"""
import signal, sys
signal.signal({int(number)}, lambda number, frame: sys.exit(9))
print("up", flush=True)
signal.pause()
"""
    # A session of its own has no terminal, which would tell the program of Ctrl+C by itself.
    with subprocess.Popen(command(python(waits)), stdout=subprocess.PIPE, start_new_session=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == b"up\n"
        run.send_signal(number)
        assert run.wait(PATIENCE) == 9


def test_ctrl_c_at_a_terminal_reaches_the_program_once() -> None:
    """The terminal tells every process of the group in its foreground: nothing is to be passed on."""
    counts = """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
print("up", flush=True)
signal.sigwait({signal.SIGINT})
print("again" if signal.sigtimedwait({signal.SIGINT}, 0.5) else "once", flush=True)
"""
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, command(python(counts)))  # pragma: no cover
    watchdog = threading.Timer(PATIENCE, os.kill, (child, signal.SIGKILL))
    watchdog.start()
    with os.fdopen(terminal, "r+b", buffering=0) as end:
        said = b""
        while b"up" not in said:
            said += end.read(1024)
        end.write(b"\x03")
        while not said.endswith(b"e\r\n"):
            said += end.read(1024)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    watchdog.cancel()
    assert (said.splitlines()[-1].removeprefix(b"^C"), code) == (b"once", 0)


def test_no_file_outlives_the_program_and_no_key_is_in_one() -> None:
    shows = """
import json, os, pathlib, ssl
bundle = pathlib.Path(os.environ["SSL_CERT_FILE"])
print(json.dumps({
    "directory": str(bundle.parent), "mode": bundle.parent.stat().st_mode, "files": os.listdir(bundle.parent),
    "bundle": bundle.read_text(), "trusted": len(ssl.create_default_context().get_ca_certs()),
    "directories": os.listdir(os.environ["SSL_CERT_DIR"]),
}))
"""
    told = json.loads(execute(*python(shows)).stdout)
    assert not Path(told["directory"]).exists()
    assert stat.S_IMODE(told["mode"]) == 0o700
    assert sorted(told["files"]) == [".curlrc", "authorities.pem", "nothing", "wgetrc"]
    assert told["bundle"].count("BEGIN CERTIFICATE") == 1
    assert "PRIVATE" not in told["bundle"]
    assert (told["trusted"], told["directories"]) == (1, [])


def test_with_other_hosts_allowed_what_was_trusted_still_is(tmp_path: Path) -> None:
    own = tmp_path / "own.pem"
    own.write_bytes(b"# a company's authorities\n")
    done = execute(
        *python("import os; print(open(os.environ['SSL_CERT_FILE']).read(), os.environ['SSL_CERT_DIR'])"),
        flags=("--allow-external",),
        env={"SSL_CERT_FILE": str(own), "SSL_CERT_DIR": str(tmp_path)},
    )
    told = done.stdout.decode()
    assert told.startswith("# a company's authorities\n")
    assert told.count("BEGIN CERTIFICATE") == 1
    assert told.strip().endswith(str(tmp_path))


def test_another_host_is_refused_with_what_to_do() -> None:
    calls = """
import urllib.request
for url in ("https://example.com/", "http://example.com/", "https://example.com/again"):
    try:
        urllib.request.urlopen(url)
    except OSError as error:
        print(error.__class__.__name__, error)
"""
    done = execute(*python(calls), flags=("--report",))
    told = "is not a provider's host; --allow-external lets it through"
    assert done.stdout.decode().splitlines() == [
        f"URLError <urlopen error Tunnel connection failed: 403 mockserver: example.com:443 {told}>",
        f"HTTPError HTTP Error 403: mockserver: example.com:80 {told}",
        f"URLError <urlopen error Tunnel connection failed: 403 mockserver: example.com:443 {told}>",
    ]
    assert done.stderr.decode().splitlines() == [
        f"mockserver: refused: example.com:443 {told}",
        f"mockserver: refused: example.com:80 {told}",
        "mockserver: 0 calls to the sandbox",
        "mockserver: 3 refused",
        "mockserver:      2 x example.com:443",
        "mockserver:      1 x http://example.com/",
    ]


def test_the_report_says_what_was_called_and_why_it_went_so() -> None:
    calls = f"""{SUBMIT}
import urllib.error
{ANALYZE}
{ANALYZE}
try:
    call("https://nanophoto.ai/nothing/here")
except urllib.error.HTTPError as error:
    error.close()
"""
    done = execute(*python(calls), flags=("--report",))
    assert done.returncode == 0, done.stderr
    assert done.stderr.decode().splitlines() == [
        "mockserver: 3 calls to the sandbox",
        "mockserver:      2 x videotoprompt.analyze_url  202",
        "mockserver:      1 x GET /nothing/here          404",
    ]


def test_scenario_seed_and_clock_are_those_asked_for(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("scenario: mine\naccounts: [{key: '*'}]\n")
    calls = f"""{SUBMIT}
import os
print(call(os.environ["MOCKSERVER_URL"] + "/_mock/ready")["scenario"])
print(call(os.environ["MOCKSERVER_URL"] + "/_mock/clock")["mode"])
print({ANALYZE})
"""
    flags = ("--scenario", "mine.yaml", "--clock", "manual")
    first, same, other = (
        execute(*python(calls), flags=(*flags, "--seed", seed), cwd=tmp_path).stdout for seed in ("7", "7", "8")
    )
    assert first.splitlines()[:2] == [b"mine", b"manual"]
    assert first == same
    assert first != other


def test_a_webhook_reaches_a_receiver_in_the_program() -> None:
    receives = f"""{SUBMIT}
import http.server, os, threading
came = threading.Event()
class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        print(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["event"])
        self.send_response(200)
        self.end_headers()
        came.set()
    def log_message(self, *words):
        pass
with http.server.HTTPServer(("127.0.0.1", 0), Receiver) as server:
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    hook = {{"url": f"http://127.0.0.1:{{server.server_port}}/", "secret": "s3cret"}}
    call(os.environ["MOCKSERVER_URL"] + "/_mock/accounts/key-1", {{"webhook": hook}}, "PATCH")
    {ANALYZE}
    assert came.wait(20)
    server.shutdown()
    thread.join()
"""
    done = execute(*python(receives), flags=("--clock", "auto"))
    assert (done.stdout, done.stderr) == (b"analysis.completed\n", b"")
