"""The environment variables that make programs use the proxy, and the startup files of curl and wget."""

import json
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mockserver.intercept.decision import is_loopback
from mockserver.intercept.environment import ProxyDetails, environment, trusted_certificates
from mockserver.intercept.startup_files import CURLRC, WGETRC, write_startup_files
from tests.programs import PATIENCE, python

HOSTS = ("nanophoto.ai", "app.dumplingai.com")


def proxy(*, allow_external: bool = False) -> ProxyDetails:
    return ProxyDetails(4000, 4001, Path("/t/authorities.pem"), Path("/t/empty"), HOSTS, allow_external)


def test_every_client_has_variables_for_the_proxy_and_its_certificate() -> None:
    variables = environment(proxy(), {})
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "MOCKSERVER_URL"):
        assert variables[name] == "http://127.0.0.1:4000"
    for name in ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "DENO_CERT"):
        assert variables[name] == "/t/authorities.pem"
    assert variables["NO_PROXY"] == variables["no_proxy"] == "localhost,127.0.0.1,::1"
    assert variables["SSL_CERT_DIR"] == "/t/empty"
    assert (variables["CURL_HOME"], variables["WGETRC"]) == ("/t", "/t/wgetrc")
    options = json.loads(variables["MOCKSERVER_INTERCEPT"])
    assert options == {"hosts": list(HOSTS), "plain": 4000, "secure": 4001, "external": False}


def test_no_proxy_of_the_user_is_kept_only_with_allow_external() -> None:
    base = {"NO_PROXY": "internal.example, *.dumplingai.com,nanophoto.ai:443", "no_proxy": "*,10.0.0.0/8,localhost,.ai"}
    assert environment(proxy(), base)["NO_PROXY"] == "localhost,127.0.0.1,::1"
    allowed = environment(proxy(allow_external=True), base)
    assert allowed["NO_PROXY"] == "localhost,127.0.0.1,::1,internal.example,10.0.0.0/8"
    assert "SSL_CERT_DIR" not in allowed


def test_node_options_of_the_user_follow_the_preload() -> None:
    options = environment(proxy(), {"NODE_OPTIONS": "--max-old-space-size=512"})["NODE_OPTIONS"]
    require, path, rest = shlex.split(options)
    assert (require, rest) == ("--require", "--max-old-space-size=512")
    assert Path(path).is_file()


def test_java_options_of_the_user_come_first_and_the_proxy_is_not_used_for_this_machine() -> None:
    options = shlex.split(environment(proxy(), {"JAVA_TOOL_OPTIONS": "-Xmx512m"})["JAVA_TOOL_OPTIONS"])
    assert options[0] == "-Xmx512m"
    assert "-Dhttps.proxyPort=4000" in options
    assert "-Dhttp.nonProxyHosts=localhost|127.*|[::1]" in options
    assert "-Djavax.net.ssl.trustStore=/t/authorities.p12" in options
    base = {"NO_PROXY": "internal.example,.corp.example,nanophoto.ai"}
    allowed = shlex.split(environment(proxy(allow_external=True), base)["JAVA_TOOL_OPTIONS"])
    assert "-Dhttp.nonProxyHosts=localhost|127.*|[::1]|internal.example|*.corp.example" in allowed


def test_the_module_for_python_comes_before_the_path_of_the_user() -> None:
    folder, rest = environment(proxy(), {"PYTHONPATH": "/their/own"})["PYTHONPATH"].split(":", 1)
    assert (Path(folder, "sitecustomize.py").is_file(), rest) == (True, "/their/own")
    assert environment(proxy(), {})["PYTHONPATH"] == folder


def test_the_trusted_certificates_are_found_by_the_environment(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
    base = {"REQUESTS_CA_BUNDLE": str(tmp_path / "one"), "NODE_EXTRA_CA_CERTS": str(tmp_path / "two")}
    assert trusted_certificates(base) == b"one\ntwo"
    assert trusted_certificates({"SSL_CERT_FILE": str(tmp_path / "none"), **base}) == b"one\ntwo"


def test_the_startup_files_include_those_of_the_user(tmp_path: Path) -> None:
    (tmp_path / "home" / ".config").mkdir(parents=True)
    (tmp_path / "home" / ".config" / "curlrc").write_text("user-agent = mine")
    (tmp_path / "home" / ".wgetrc").write_text("tries = 2")
    (tmp_path / "other").write_text("tries = 3")

    def written(**base: str) -> list[str]:
        write_startup_files(tmp_path, Path("/t/authorities.pem"), base)
        return [(tmp_path / name).read_text() for name in (CURLRC, WGETRC)]

    quiet, trusts = "suppress-connect-headers\n", "\nca_certificate = /t/authorities.pem\n"
    home = str(tmp_path / "home")
    assert written() == [quiet, trusts]
    assert written(HOME=home) == [quiet + "user-agent = mine", "tries = 2" + trusts]
    nothing_there = written(HOME=home, CURL_HOME=home, XDG_CONFIG_HOME=home, WGETRC=str(tmp_path / "other"))
    assert nothing_there == [quiet + "user-agent = mine", "tries = 3" + trusts]


@pytest.mark.parametrize("host", ["localhost", "app.localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_a_loopback_host_is_recognised_without_resolving_it(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["localhost.example.com", "128.0.0.1", "0.0.0.0", "10.0.0.1", "::2", "127.1"])
def test_other_hosts_are_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@contextmanager
def ending(process: "subprocess.Popen[str]") -> Iterator[None]:
    """End the process if the test fails, which would otherwise wait for it."""
    try:
        yield
    except BaseException:
        process.kill()
        raise


def test_serve_intercept_prints_a_script_for_other_terminals(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mockserver", "serve", "--port", "0", "--intercept"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as server, ending(server):
        assert server.stdout is not None
        lines = []
        for line in server.stdout:
            lines.append(line.strip())
            if line.startswith("  export JAVA_TOOL_OPTIONS="):
                break
        assert lines[0].startswith("mockserver is ready: ")
        file = next(line.removeprefix(". ") for line in lines if line.startswith(". "))
        assert Path(file).read_text().splitlines() == [line for line in lines if line.startswith("export ")]
        calls = (
            "import urllib.request as u\ntry: u.urlopen('https://nanophoto.ai/nothing')\nexcept OSError as e: print(e)"
        )
        script = f". {file} && exec {shlex.join(python(calls))}"
        done = subprocess.run(["sh", "-c", script], capture_output=True, timeout=PATIENCE, check=True)
        assert done.stdout == b"HTTP Error 404: Not Found\n"
        server.send_signal(signal.SIGINT)
        assert server.wait(PATIENCE) == 0
    assert not Path(file).exists()
