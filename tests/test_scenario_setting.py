"""The settings `scenario` (a name, a path or YAML) and `clock`."""

from pathlib import Path

import pytest

from mockserver.app import create_app
from mockserver.settings import Settings, SettingsError, load
from mockserver.source.model_errors import SourceErrors

MINE = "scenario: mine\nextends: default\nseed: 11\n"


def test_a_scenario_can_be_a_name_a_path_or_yaml(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(MINE)
    for setting in ("mine", str(file), MINE):
        settings = load({}, {"MOCKSERVER_SCENARIO": setting, "MOCKSERVER_SCENARIO_DIR": str(tmp_path)})
        sandbox = create_app(settings).sandboxes.default
        assert (sandbox.program.name, sandbox.seed) == ("mine", 11)


def test_an_error_in_the_yaml_is_reported_with_its_line() -> None:
    with pytest.raises(SourceErrors, match=r"^scenario:2:1: unknown key 'extend'.*did you mean 'extends'"):
        create_app(Settings(scenario="scenario: mine\nextend: default\n"))


@pytest.mark.parametrize(
    ("setting", "mode", "speed"),
    [
        ("auto", "auto", None),
        ("manual", "manual", None),
        ("real", "real", None),
        ("60x", "scaled", 60.0),
        ("0.5x", "scaled", 0.5),
    ],
)
def test_the_clock_setting_overrides_the_scenario(setting: str, mode: str, speed: float | None) -> None:
    settings = Settings(scenario="scenario: mine\nclock: {mode: scaled, speed: 9}\n", clock=setting)
    clock = create_app(settings).sandboxes.default.clock
    assert clock.mode == mode
    assert speed is None or clock.speed == speed


@pytest.mark.parametrize("setting", ["soon", "x", "-1x", "0x", "nanx", "60"])
def test_an_invalid_clock_is_refused(setting: str) -> None:
    with pytest.raises(
        SettingsError, match=f"clock must be real, manual, auto, scaled, or a speed such as 60x, not '{setting}'"
    ):
        create_app(Settings(clock=setting))
