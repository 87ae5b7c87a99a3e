"""What a person types wrongly is reported with what is near, and what they mean is understood."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mockserver.app import create_app
from mockserver.cli.main import main
from mockserver.serving.listening import listen
from mockserver.settings import CannotListen, Settings, SettingsError, load
from mockserver.testing import MockServer, MockServerError
from tests.conversation import Conversation
from tests.live import live_server

Out = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("serv", "mockserver: there is no command 'serv'; did you mean 'serve'?"),
        ("Serve", "mockserver: there is no command 'Serve'; did you mean 'serve'?"),
        ("--verison", "mockserver: there is no option '--verison'; did you mean '--version'?"),
        ("serve --prot 9000", "mockserver serve: there is no option '--prot'; did you mean '--port'?"),
        ("serve --prot=9000", "mockserver serve: there is no option '--prot'; did you mean '--port'?"),
        ("serve tour", "mockserver serve: unexpected argument 'tour'"),
        ("exec --reprot -- true", "mockserver exec: there is no option '--reprot'; did you mean '--report'?"),
    ],
)
def test_an_unknown_command_or_option_is_reported_with_the_nearest_one(capsys: Out, typed: str, message: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(typed.split())
    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines()[0] == message


def test_help_is_also_a_command(capsys: Out) -> None:
    for words in (["help"], ["help", "serve"]):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 0
    assert "usage: mockserver serve" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"MOCKSERVER_PROT": "9000"}, "MOCKSERVER_PROT: there is no such setting; did you mean 'MOCKSERVER_PORT'?"),
        ({"MOCKSERVER_SCENARO": "tour"}, "did you mean 'MOCKSERVER_SCENARIO'?"),
        ({"MOCKSERVER_PUBLIC_URL": "foo"}, "public_url must be a URL such as http://foo, not 'foo'"),
        ({"MOCKSERVER_PUBLIC_URL": "localhost:8080"}, "must be a URL such as http://localhost:8080, not"),
        ({"MOCKSERVER_PUBLIC_URL": "http://"}, "must be a URL such as http://mockserver:8080, not 'http://'"),
        ({"MOCKSERVER_PUBLIC_URL": "ftp://mockserver"}, "must be a URL such as http://mockserver:8080"),
        ({"MOCKSERVER_PUBLIC_URL": "http://mockserver/?a=1"}, "must be a URL such as"),
    ],
)
def test_a_wrong_variable_is_refused(variables: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load({}, variables)
    assert message in str(refused.value)


@pytest.mark.parametrize("url", ["https://mock.example.com", "http://[::1]:8080", "http://gateway:80/mock/", ""])
def test_a_url_of_a_server_is_accepted(url: str) -> None:
    assert load({"public_url": url}, {}).public_url == url


def test_the_variables_of_a_service_called_mockserver_are_not_settings() -> None:
    # Kubernetes and Docker set them, and `exec` sets the last two.
    variables = {
        "MOCKSERVER_PORT": "tcp://10.0.0.7:8080", "MOCKSERVER_PORT_8080_TCP": "tcp://10.0.0.7:8080",
        "MOCKSERVER_PORT_8080_TCP_ADDR": "10.0.0.7", "MOCKSERVER_SERVICE_HOST": "10.0.0.7",
        "MOCKSERVER_SERVICE_PORT": "8080", "MOCKSERVER_URL": "http://127.0.0.1:1", "MOCKSERVER_INTERCEPT": "{}",
    }  # fmt: skip
    assert load({}, variables) == Settings()


def test_a_wrong_variable_is_reported_by_commands_for_a_running_server(
    monkeypatch: pytest.MonkeyPatch, capsys: Out
) -> None:
    monkeypatch.setenv("MOCKSERVER_PROT", "9000")
    assert main(["health"]) == 1
    assert main(["push", "tour"]) == 2
    assert capsys.readouterr().err.count("did you mean 'MOCKSERVER_PORT'?") == 2


@pytest.mark.parametrize(
    ("host", "hint"),
    [
        ("192.0.2.1", "--host must be an address of this machine: 127.0.0.1, or 0.0.0.0 for all"),
        ("http://localhost", "--host must be an address of this machine"),
        ("a..b", "--host must be an address of this machine"),
    ],
)
def test_a_host_that_is_not_of_this_machine_is_not_another_server(host: str, hint: str) -> None:
    with pytest.raises(CannotListen) as refused:
        listen(host, 8080)
    assert hint in str(refused.value)
    assert "another server" not in str(refused.value)


def test_a_port_in_use_is_another_server() -> None:
    in_use = pytest.raises(CannotListen, match=r"Is another server running\? Use --port 0 for a free port")
    with listen("127.0.0.1", 0) as listener, in_use:
        listen("127.0.0.1", listener.getsockname()[1])


def test_an_ipv6_address_may_be_in_brackets() -> None:
    assert load({"host": "[::1]"}, {}).host == "::1"


@pytest.mark.parametrize(
    ("path", "end"),
    [
        ("clok", "'/clok'; did you mean '/_mock/clock'?"),
        ("journals", "'/journals'; did you mean '/_mock/journal'?"),
        ("Scenario/tour", "'/Scenario/tour'; did you mean '/_mock/scenario'?"),
        ("qqq", "'/qqq'; one of: /_mock/"),
    ],
)
async def test_an_unknown_path_of_the_control_api_is_reported_with_the_nearest_one(path: str, end: str) -> None:
    async with Conversation() as t:
        reply = await t.get(f"/_mock/{path}")
        assert reply.status_code == 404
        assert f"The control API has no path {end}" in reply.json()["detail"]


def test_an_unknown_provider_is_reported_with_the_nearest_one() -> None:
    with MockServer() as mock:
        calls: list[Callable[[Any], object]] = [mock.url, mock.key, mock.secret, mock.env]
        for call in calls:
            with pytest.raises(
                MockServerError, match="there is no provider videotoprmpt; did you mean 'videotoprompt'"
            ):
                call("videotoprmpt")


# What stands for a scenario.


@pytest.fixture
def server() -> Iterator[str]:
    with live_server(create_app()) as url:
        yield url


def write(folder: Path, name: str, text: str = "scenario: mine\n") -> Path:
    file = folder / name
    file.write_text(text)
    return file


def type_in(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def test_push_takes_a_name_a_file_or_standard_input(
    server: str, tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scenarios").mkdir()
    write(tmp_path / "scenarios", "ours.yaml", "scenario: from-the-folder\n")
    type_in(monkeypatch, "scenario: piped\n")
    for reference, name in (("tour", "tour"), ("ours", "from-the-folder"), ("-", "piped")):
        assert main(["push", reference, "--url", server]) == 0
        assert f"now uses the scenario {name}:" in capsys.readouterr().out
    type_in(monkeypatch, "scenario: piped\nrulse: []\n")
    for reference, message in (
        ("tuor", "there is no scenario named 'tuor'; did you mean 'tour'?"),
        ("-", "stdin:2:1: unknown key 'rulse' in a scenario; did you mean 'rules'?"),
        ("scenarios", "scenarios: this is a folder; give one scenario, such as scenarios/ours.yaml"),
    ):
        assert main(["push", reference, "--url", server]) == 2
        assert capsys.readouterr().err == f"{message}\n"


def test_check_takes_a_name_a_folder_or_standard_input(
    tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["check", "."]) == 2
    assert capsys.readouterr().err == ".: there are no scenario files (*.yaml or *.yml) in this folder\n"
    write(tmp_path, "good.yaml")
    write(tmp_path, "bad.yml", "scenario: mine\nrulse: []\n")
    type_in(monkeypatch, "scenario: piped\n")
    assert main(["check", "default", ".", "-", "defualt"]) == 2
    output = capsys.readouterr()
    assert [line.partition(",")[0] for line in output.out.splitlines()] == ["default: ok", "good.yaml: ok", "stdin: ok"]
    assert output.err.splitlines() == [
        "bad.yml:2:1: unknown key 'rulse' in a scenario; did you mean 'rules'?",
        "there is no scenario named 'defualt'; did you mean 'default'?",
    ]


def test_show_takes_standard_input_and_refuses_a_folder(
    tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    type_in(monkeypatch, "scenario: piped\n")
    assert main(["show", "-"]) == 0
    write(tmp_path, "a.yaml")
    assert main(["show", str(tmp_path)]) == 2
    assert "this is a folder; give one scenario, such as" in capsys.readouterr().err
