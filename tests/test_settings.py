"""Settings: a flag over the environment, the environment over the file, the file over the default."""

from pathlib import Path

import pytest

from mockserver.settings import Settings, SettingsError, load


def test_without_anything_the_defaults_hold() -> None:
    assert load({}, {}) == Settings()


def test_flag_over_environment_over_file(tmp_path: Path) -> None:
    file = tmp_path / "mockserver.toml"
    file.write_text('port = 1\nhost = "file"\nscenario = "file"\n')
    environment = {"MOCKSERVER_PORT": "2", "MOCKSERVER_HOST": "environment", "OTHER_PORT": "9"}
    settings = load({"port": 3, "host": None}, environment, file)
    assert (settings.port, settings.host, settings.scenario) == (3, "environment", "file")


@pytest.mark.parametrize("word", ["1", "true", "YES", "on"])
def test_switches_are_read_as_people_write_them(word: str) -> None:
    assert load({}, {"MOCKSERVER_ALLOW_PUBLIC_WEBHOOKS": word}).allow_public_webhooks is True


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"MOCKSERVER_PORT": "many"}, "MOCKSERVER_PORT must be a whole number, not 'many'"),
        ({"MOCKSERVER_PORT": "-1"}, "port must be from 0 to 65535, not -1"),
        ({"MOCKSERVER_ALLOW_PUBLIC_WEBHOOKS": "perhaps"}, "must be true or false, not 'perhaps'"),
    ],
)
def test_a_setting_that_cannot_be_used_says_which_and_why(environment: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        load({}, environment)


def test_a_file_with_an_unknown_key_or_that_is_missing_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mockserver.toml"
    file.write_text("scenaro = 'x'\n")
    with pytest.raises(SettingsError, match="unknown setting 'scenaro'; did you mean 'scenario'"):
        load({}, {}, file)
    with pytest.raises(SettingsError, match="no such settings file"):
        load({}, {}, tmp_path / "none.toml")
