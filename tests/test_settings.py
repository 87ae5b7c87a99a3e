"""Settings: a flag overrides the environment, the environment the file, and the file the default."""

from pathlib import Path

import pytest

from mockserver.settings import Settings, SettingsError, load


def test_without_any_settings_the_defaults_apply() -> None:
    assert load({}, {}) == Settings()


def test_a_flag_overrides_the_environment_and_the_environment_the_file(tmp_path: Path) -> None:
    file = tmp_path / "mockserver.toml"
    file.write_text('port = 1\nhost = "file"\nscenario = "file"\n')
    environment = {"MOCKSERVER_PORT": "2", "MOCKSERVER_HOST": "environment", "OTHER_PORT": "9"}
    settings = load({"port": 3, "host": None}, environment, file)
    assert (settings.port, settings.host, settings.scenario) == (3, "environment", "file")


@pytest.mark.parametrize("word", ["1", "true", "YES", "on"])
def test_a_boolean_can_be_written_in_several_ways(word: str) -> None:
    assert load({}, {"MOCKSERVER_ALLOW_PUBLIC_WEBHOOKS": word}).allow_public_webhooks is True


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"MOCKSERVER_PORT": "many"}, "MOCKSERVER_PORT must be a whole number, not 'many'"),
        ({"MOCKSERVER_PORT": "-1"}, "port must be from 0 to 65535, not -1"),
        ({"MOCKSERVER_SEED": "-1"}, "seed must be from 0 to 9223372036854775807, not -1"),
        ({"MOCKSERVER_SEED": str(2**63)}, "seed must be from 0 to 9223372036854775807, not 9223372036854775808"),
        ({"MOCKSERVER_ALLOW_PUBLIC_WEBHOOKS": "perhaps"}, "must be true or false, not 'perhaps'"),
    ],
)
def test_an_invalid_setting_is_reported_with_its_origin_and_the_valid_values(
    environment: dict[str, str], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        load({}, environment)


def test_a_missing_file_and_a_file_with_an_unknown_key_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "mockserver.toml"
    file.write_text("scenaro = 'x'\n")
    with pytest.raises(SettingsError, match="unknown setting 'scenaro'; did you mean 'scenario'"):
        load({}, {}, file)
    with pytest.raises(SettingsError, match=r"none\.toml: the settings file does not exist"):
        load({}, {}, tmp_path / "none.toml")


def test_names_of_hosts_are_separated_by_commas_or_listed(tmp_path: Path) -> None:
    assert load({}, {"MOCKSERVER_ALLOW_HOSTS": " mockserver, Host.docker.internal,"}).allow_hosts == (
        "mockserver",
        "host.docker.internal",
    )
    assert load({"allow_hosts": ["a", "b"]}, {"MOCKSERVER_ALLOW_HOSTS": "c"}).allow_hosts == ("a", "b")
    file = tmp_path / "mockserver.toml"
    file.write_text('allow_hosts = ["ci-box"]\n')
    assert load({}, {}, file).allow_hosts == ("ci-box",)


@pytest.mark.parametrize("value", ["http://mockserver:8080", "mockserver:8080", "*", "a b", "-a"])
def test_anything_but_a_host_name_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="is not a host name; give only the name, such as mockserver"):
        load({}, {"MOCKSERVER_ALLOW_HOSTS": value})


def test_hosts_in_the_file_are_a_list_of_names(tmp_path: Path) -> None:
    file = tmp_path / "mockserver.toml"
    file.write_text("allow_hosts = 7\n")
    with pytest.raises(SettingsError, match="allow_hosts must be names separated by commas, or a list of names, not 7"):
        load({}, {}, file)
