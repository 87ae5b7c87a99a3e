"""The scenario and the clock of a server as settings give them: a name, a path, or the scenario itself."""

from pathlib import Path

import pytest

from mockserver.app import create_app
from mockserver.settings import Settings, SettingsError, load
from mockserver.source.model_errors import SourceErrors

MINE = "scenario: mine\nextends: default\nseed: 11\n"


def test_a_scenario_is_a_name_a_path_or_its_own_text(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(MINE)
    for told in ("mine", str(file), MINE):
        settings = load({}, {"MOCKSERVER_SCENARIO": told, "MOCKSERVER_SCENARIO_DIR": str(tmp_path)})
        sandbox = create_app(settings).sandboxes.default
        assert (sandbox.program.name, sandbox.seed) == ("mine", 11)


def test_a_mistake_in_the_text_has_its_line() -> None:
    with pytest.raises(SourceErrors, match=r"^scenario:2:1: unknown key 'extend'.*did you mean 'extends'"):
        create_app(Settings(scenario="scenario: mine\nextend: default\n"))


@pytest.mark.parametrize(
    ("told", "mode", "speed"),
    [
        ("auto", "auto", None),
        ("manual", "manual", None),
        ("real", "real", None),
        ("60x", "scaled", 60.0),
        ("0.5x", "scaled", 0.5),
    ],
)
def test_a_clock_stands_in_front_of_the_scenarios(told: str, mode: str, speed: float | None) -> None:
    settings = Settings(scenario="scenario: mine\nclock: {mode: scaled, speed: 9}\n", clock=told)
    clock = create_app(settings).sandboxes.default.clock
    assert clock.mode == mode
    assert speed is None or clock.speed == speed


@pytest.mark.parametrize("told", ["soon", "x", "-1x", "0x", "nanx", "60"])
def test_a_clock_that_is_none_is_refused(told: str) -> None:
    with pytest.raises(SettingsError, match=f"not '{told}'"):
        create_app(Settings(clock=told))
