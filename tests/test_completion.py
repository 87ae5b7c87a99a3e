"""`mockserver completion`: suggestions for every command, and the scripts in the shells of this machine."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mockserver.cli.completion import SCRIPTS
from mockserver.cli.main import COMMANDS, main
from mockserver.cli.suggest import suggestions


def words(*line: str) -> list[str]:
    """Return the suggested words for a command line, whose last word is being typed."""
    return [word for word, _ in suggestions(["mockserver", *line])]


def test_commands() -> None:
    assert set(words("")) == {*COMMANDS, "--help", "--version"}
    assert words("cov") == ["coverage"]
    assert words("help", "pus") == ["push"]
    assert words("nothing", "") == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_its_options(command: str) -> None:
    assert "--help" in words(command, "--")


def test_options_that_were_given_are_left_out_unless_they_can_be_repeated() -> None:
    assert "--url" not in words("coverage", "--url", "http://localhost", "--")
    assert "--provider" in words("coverage", "--provider", "nanophoto", "--")


def test_values() -> None:
    assert words("serve", "--scenario", "videotoprompt-rate-l") == ["videotoprompt-rate-limited"]
    assert words("serve", "--scenario", "=", "tou") == ["tour"]
    assert words("serve", "--scenario=tou") == ["--scenario=tour"]
    assert words("serve", "--nothing=", "--nothing=t") == []
    assert words("push", "tou") == ["tour"]
    assert words("completion", " ") == list(SCRIPTS)
    assert words("show", "tour", "") == []
    assert words("check", "tour", "defau") == ["default"]
    assert words("openapi", "c") == ["control"]
    assert words("coverage", "--provider", "n") == ["nanophoto"]
    assert words("coverage", "--format", "j") == ["json", "junit"]
    assert words("sweep", "--only", "prompttovideo.gen") == ["prompttovideo.generate#1="]
    assert words("exam", "--only", "sta") == ["stale"]
    assert words("prove", "poll_s") == ["poll_storm"]
    assert words("completion", "") == list(SCRIPTS)
    assert words("serve", "--clock", "m") == ["manual"]


def test_files_and_other_programs_are_left_to_the_shell() -> None:
    assert words("coverage", "--output", "") == []
    assert words("exec", "--", "pyth") == []
    assert words("sweep", "--", "pytest", "--") == []


def test_own_scenarios_come_from_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "my-outage.yaml").write_text("scenario: my-outage\n")
    monkeypatch.chdir(tmp_path)
    assert words("push", "my-") == ["my-outage"]


def test_an_unknown_shell_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["completion", "tcsh"])
    assert "invalid choice: 'tcsh'" in capsys.readouterr().err


# Each prints what the shell completes for `mockserver pu`, `mockserver push tou`, and an option with its value in one
# word, one a line.
_BASH = """
mockserver() { "$PYTHON" -m mockserver "$@"; }
source <(mockserver completion bash)
COMP_WORDS=(mockserver pu) COMP_CWORD=1; _mockserver; printf '%s\\n' "${COMPREPLY[@]}"
COMP_WORDS=(mockserver push tou) COMP_CWORD=2; _mockserver; printf '%s\\n' "${COMPREPLY[@]}"
COMP_WORDS=(mockserver serve --clock = man) COMP_CWORD=4; _mockserver; printf -- '--clock=%s\\n' "${COMPREPLY[@]}"
complete -p mockserver >&2
"""
_FISH = """
function mockserver; $PYTHON -m mockserver $argv; end
mockserver completion fish | source
complete -C 'mockserver pu' | string split -f1 \\t
complete -C 'mockserver push tou' | string split -f1 \\t
complete -C 'mockserver serve --clock=man' | string split -f1 \\t
"""
_ZSH = """
autoload -Uz compinit; compinit -u -D
mockserver() { "$PYTHON" -m mockserver "$@"; }
_describe() { print -rl -- "${(@)found%%:*}"; }
source <(mockserver completion zsh)
words=(mockserver pu) CURRENT=2; _mockserver
words=(mockserver push tou) CURRENT=3; _mockserver
words=(mockserver serve --clock=man) CURRENT=3; _mockserver
"""
_TRIALS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


@pytest.mark.parametrize("shell", [shell for shell in _TRIALS if shutil.which(shell)])
def test_the_script_works_in_the_shell(shell: str) -> None:
    environment = {"PYTHON": sys.executable, "PYTHONPATH": str(Path(__file__).parents[1]), "PATH": "/usr/bin:/bin"}
    run = subprocess.run(
        [shell, "-c", _TRIALS[shell]], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.stdout.split() == ["push", "tour", "--clock=manual"], run.stderr
