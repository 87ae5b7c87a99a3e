"""`mockserver exec` runs a program as if it were started directly: exit codes, streams, signals, refusals, report."""

import gc
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
    ("code", "exit_code"),
    [
        ("raise SystemExit(0)", 0),
        ("raise SystemExit(7)", 7),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 128 + 9),
    ],
)
def test_the_exit_code_is_that_of_the_program(code: str, exit_code: int) -> None:
    assert execute(*python(code)).returncode == exit_code


def test_a_program_that_cannot_be_run_gives_the_exit_code_of_a_shell(tmp_path: Path) -> None:
    missing = execute("no-such-program")
    assert (missing.returncode, missing.stderr) == (127, b"mockserver: no-such-program: program not found\n")
    file = tmp_path / "file"
    file.write_text("not a program")
    not_executable = execute(str(file))
    assert not_executable.returncode == 126
    assert not_executable.stderr == f"mockserver: {file}: Permission denied\n".encode()


def test_wrong_options_are_reported_and_the_program_is_not_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = tmp_path / "ran"
    program = python(f"open({str(ran)!r}, 'w')")
    assert main(["exec"]) == 2
    assert main(["exec", "--scenario", "defualt", "--", *program]) == 2
    assert main(["exec", "--clock", "soon", "--", *program]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "exec needs a program to run: mockserver exec -- COMMAND ..."
    assert "did you mean 'default'?" in lines[1]
    assert lines[2] == "clock must be real, manual, auto, scaled, or a speed such as 60x, not 'soon'"
    assert not ran.exists()
    assert gc.isenabled()


def test_the_standard_streams_are_those_of_the_program() -> None:
    copy = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read()); sys.stderr.write('mine')"
    data = bytes(range(256))
    done = execute(*python(copy), stdin=data)
    assert (done.returncode, done.stdout, done.stderr) == (0, data, b"mine")


def test_options_after_the_program_belong_to_the_program() -> None:
    done = execute(*python("import sys; print(sys.argv[1:])", "--seed", "7", "--", "-x"))
    assert done.stdout.decode().strip() == "['--seed', '7', '--', '-x']"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda n: n.name)
def test_a_signal_is_passed_on_and_exec_waits_for_the_program(number: signal.Signals) -> None:
    waits = f"""
import signal, sys
signal.signal({int(number)}, lambda number, frame: sys.exit(9))
print("up", flush=True)
signal.pause()
"""
    # A new session has no terminal, which would send the signal of Ctrl+C to the program too.
    with subprocess.Popen(command(python(waits)), stdout=subprocess.PIPE, start_new_session=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == b"up\n"
        run.send_signal(number)
        assert run.wait(PATIENCE) == 9


def test_ctrl_c_at_a_terminal_reaches_the_program_once() -> None:
    """The terminal sends the signal to every process of its foreground group, so it must not be passed on."""
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
        output = b""
        while b"up" not in output:
            output += end.read(1024)
        end.write(b"\x03")
        while not output.endswith(b"e\r\n"):
            output += end.read(1024)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    watchdog.cancel()
    assert (output.splitlines()[-1].removeprefix(b"^C"), code) == (b"once", 0)


def test_the_files_have_no_private_key_and_are_removed_at_the_end() -> None:
    describe = """
import json, os, pathlib, ssl
bundle = pathlib.Path(os.environ["SSL_CERT_FILE"])
print(json.dumps({
    "directory": str(bundle.parent), "mode": bundle.parent.stat().st_mode, "files": os.listdir(bundle.parent),
    "bundle": bundle.read_text(), "trusted": len(ssl.create_default_context().get_ca_certs()),
    "directories": os.listdir(os.environ["SSL_CERT_DIR"]),
}))
"""
    files = json.loads(execute(*python(describe)).stdout)
    assert not Path(files["directory"]).exists()
    assert stat.S_IMODE(files["mode"]) == 0o700
    assert sorted(files["files"]) == [".curlrc", "authorities.p12", "authorities.pem", "empty", "wgetrc"]
    assert files["bundle"].count("BEGIN CERTIFICATE") == 1
    assert "PRIVATE" not in files["bundle"]
    assert (files["trusted"], files["directories"]) == (1, [])


def test_allow_external_keeps_the_certificates_that_were_trusted_before(tmp_path: Path) -> None:
    own = tmp_path / "own.pem"
    own.write_bytes(b"# a company's authorities\n")
    done = execute(
        *python("import os; print(open(os.environ['SSL_CERT_FILE']).read(), os.environ['SSL_CERT_DIR'])"),
        flags=("--allow-external",),
        env={"SSL_CERT_FILE": str(own), "SSL_CERT_DIR": str(tmp_path)},
    )
    output = done.stdout.decode()
    assert output.startswith("# a company's authorities\n")
    assert output.count("BEGIN CERTIFICATE") == 1
    assert output.strip().endswith(str(tmp_path))


def test_another_host_is_refused_with_a_hint() -> None:
    calls = """
import urllib.request
for url in ("https://example.com/", "http://example.com/", "https://example.com/again"):
    try:
        urllib.request.urlopen(url)
    except OSError as error:
        print(error.__class__.__name__, error)
"""
    done = execute(*python(calls), flags=("--report",))
    hint = "is not a provider's host; use --allow-external to allow other hosts"
    assert done.stdout.decode().splitlines() == [
        f"URLError <urlopen error Tunnel connection failed: 403 mockserver: example.com:443 {hint}>",
        f"HTTPError HTTP Error 403: mockserver: example.com:80 {hint}",
        f"URLError <urlopen error Tunnel connection failed: 403 mockserver: example.com:443 {hint}>",
    ]
    assert done.stderr.decode().splitlines() == [
        f"mockserver: refused: example.com:443 {hint}",
        f"mockserver: refused: example.com:80 {hint}",
        "mockserver: 0 calls to the sandbox",
        "mockserver: 3 calls refused",
        "mockserver:      2 x example.com:443",
        "mockserver:      1 x http://example.com/",
    ]


def test_the_report_lists_the_calls_with_their_statuses() -> None:
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
        "mockserver:      1 x GET /nothing/here          404       mockserver does not simulate GET /nothing/here",
    ]


def test_scenario_seed_and_clock_can_be_chosen(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("scenario: mine\naccounts: [{key: '*'}]\n")
    settings = f"""{SUBMIT}
import os
print(call(os.environ["MOCKSERVER_URL"] + "/_mock/ready")["scenario"])
print(call(os.environ["MOCKSERVER_URL"] + "/_mock/clock")["mode"])
"""
    flags = ("--scenario", "mine.yaml", "--clock", "manual", "--seed")
    calls = f"{SUBMIT}\nprint({ANALYZE})"
    first, same, other = (
        execute(*python(code), flags=(*flags, seed), cwd=tmp_path).stdout.splitlines()
        for code, seed in ((f"{settings}\nprint({ANALYZE})", "7"), (calls, "7"), (calls, "8"))
    )
    assert first[:2] == [b"mine", b"manual"]
    assert first[2:] == same != []
    assert same != other != []


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
