"""The pages on CI and on unmodified programs, and the image, say what the code does."""

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from mockserver.app import create_app
from mockserver.cli.main import main
from mockserver.intercept.environment import ProxyDetails, environment
from mockserver.providers.registry import all_providers
from mockserver.settings import NOT_SETTINGS, PREFIX, Settings

ROOT = Path(__file__).parent.parent
CI = (ROOT / "docs/how-to-ci.md").read_text("utf-8")
UNMODIFIED = (ROOT / "docs/how-to-unmodified-programs.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    """The blocks of code in the page on CI."""
    return re.findall(rf"^```{language}\n(.*?)^```", CI, re.MULTILINE | re.DOTALL)


def test_every_variable_named_is_a_setting() -> None:
    known = {PREFIX + field.name.upper() for field in fields(Settings)} | set(NOT_SETTINGS)
    for text in (CI, (ROOT / "Dockerfile").read_text("utf-8"), (ROOT / "compose.yaml").read_text("utf-8")):
        assert set(re.findall(r"MOCKSERVER_[A-Z_]*[A-Z]", text)) <= known


def test_the_examples_of_workflows_are_yaml_and_their_scenario_is_one() -> None:
    (github,) = (each for each in map(yaml.safe_load, blocks("yaml")) if "services" in str(each) and "jobs" in each)
    told = github["jobs"]["test"]["services"]["mockserver"]["env"]
    sandbox = create_app(
        Settings(scenario=told["MOCKSERVER_SCENARIO"], clock=told["MOCKSERVER_CLOCK"])
    ).sandboxes.default
    assert (sandbox.program.name, sandbox.clock.mode) == ("ci", "scaled")


def test_the_scenarios_of_services_that_see_no_files_are_bundled() -> None:
    *others, compose = (yaml.safe_load(block) for block in blocks("yaml"))
    (gitlab,) = (each for each in others if isinstance(each, dict) and "test" in each)
    told = [gitlab["test"]["variables"], compose["services"]["mockserver"]["environment"]]
    for name in [each["MOCKSERVER_SCENARIO"] for each in told]:
        assert (ROOT / "scenarios" / f"{name}.yaml").is_file()


def test_the_dev_container_is_a_service_of_its_compose_file() -> None:
    (container,) = (json.loads(block) for block in blocks("json"))
    compose = yaml.safe_load(blocks("yaml")[-1])["services"]
    assert container["service"] in compose
    assert all(port.partition(":")[0] in compose for port in container["forwardPorts"])
    assert compose["app"]["volumes"][0].split(":")[1] == container["workspaceFolder"]


def test_compose_runs_what_the_dockerfile_builds() -> None:
    service = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]["mockserver"]
    assert (service["build"], service["image"], service["read_only"]) == (".", "mockserver", True)
    folder = next(v for v in service["volumes"] if v.endswith(":ro")).split(":")[1]
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    assert Path(folder) == Path(re.findall(r"^WORKDIR (.*)", dockerfile, re.MULTILINE)[-1]) / Settings().scenario_dir


def test_no_token_is_published() -> None:
    """A token in an example is a token that everybody knows."""
    for text in (CI, (ROOT / "compose.yaml").read_text("utf-8"), (ROOT / "README.md").read_text("utf-8")):
        assert not re.findall(r"MOCKSERVER_TOKEN: *(?!\n|\$\{MOCKSERVER_TOKEN-none\}\n|\$\{\{ )\S", text)
        assert not re.findall(r"X-Mock-Token: (?!TOKEN|\$token|//p)\S", text)
    service = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]["mockserver"]
    # Without a token, and therefore for this machine only.
    assert service["environment"]["MOCKSERVER_TOKEN"] == "${MOCKSERVER_TOKEN-none}"
    assert service["ports"] == ["127.0.0.1:8080:8080"]
    assert "mockserver" in service["environment"]["MOCKSERVER_ALLOW_HOSTS"]


def test_every_host_that_is_intercepted_is_listed_with_its_provider() -> None:
    for provider in all_providers():
        listed = ", ".join(f"`{host}`" for host in provider.hosts)
        assert f"| {listed} | {provider.title} |" in UNMODIFIED


def test_every_option_of_exec_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["exec", "--help"])
    options = set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) - {"--help", "--config"}
    assert options <= set(re.findall(r"`(--[a-z-]+)", UNMODIFIED))


def test_every_variable_that_is_set_is_explained() -> None:
    trap = ProxyDetails(1, 2, Path("bundle"), Path("nothing"), (), allow_external=False)
    names = {name for name in environment(trap, {}) if name.isupper()}
    unexplained = {"MOCKSERVER_INTERCEPT", "ALL_PROXY", "SSL_CERT_DIR"}
    assert {name for name in names if name not in UNMODIFIED} == unexplained
