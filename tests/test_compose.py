"""The container that compose.yaml starts, as far as it can be tried without Docker: its environment and its command."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from mockserver.cli.main import parser_for
from tests.documents import ROOT
from tests.pages import LOCAL, called, commands


def environment_of_the_container() -> dict[str, str]:
    """Return the variables that the container gets if none of them is set in the shell of its user."""
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    image = dict(re.findall(r"(MOCKSERVER_\w+)=(\S+)", dockerfile))
    service = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]["mockserver"]
    of_service = {name: value for name, value in service["environment"].items() if value is not None}
    defaults = {name: re.sub(r"\$\{\w+:?-([^}]*)\}", r"\1", value) for name, value in of_service.items()}
    return {**image, **defaults}


@pytest.fixture
def container(tmp_path: Path) -> Iterator[httpx2.AsyncClient]:
    variables = environment_of_the_container()
    assert variables["MOCKSERVER_HOST"] == "0.0.0.0"
    command = [sys.executable, "-m", "mockserver", "serve", "--port", "0"]
    env = {**os.environ, **variables, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, text=True) as process:
        # If the server hangs, this test fails, but the run goes on.
        watchdog = threading.Timer(30, process.kill)
        watchdog.start()
        assert process.stdout is not None
        line = next(line for line in process.stdout if line.startswith("  Control"))
        yield httpx2.AsyncClient(base_url=re.findall(r"http://\S+:\d+", line)[0])
        process.terminate()
        process.stdout.read()
        watchdog.cancel()


async def test_the_commands_of_the_readme_work_in_the_container(container: httpx2.AsyncClient) -> None:
    async with container:
        requests = [words for words in commands(ROOT / "README.md", "curl") if any(LOCAL in word for word in words)]
        assert sum("/_mock/" in word for words in requests for word in words) >= 3
        for words in requests:
            reply = await called(container, words)
            assert reply.status_code < 300, (words, reply.text)


async def test_web_pages_cannot_use_its_control_api(container: httpx2.AsyncClient) -> None:
    async with container:
        for headers in ({"origin": "https://evil.example"}, {"host": "evil.example"}):
            assert (await container.get("/_mock/clock", headers=headers)).status_code == 403


def test_the_image_gets_all_files_that_building_the_package_needs() -> None:
    copied = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "mockserver", "scenarios", "requirements"):
        assert (ROOT / name).exists()
        assert f"!{name}" in copied


# compose.scale.yaml


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    loaded: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "compose.scale.yaml").read_text("utf-8"))["services"]
    return loaded


def test_the_load_balancer_knows_all_servers_and_the_path_of_their_readiness(
    services: dict[str, dict[str, Any]],
) -> None:
    balancer = (ROOT / "docker" / "haproxy.cfg").read_text("utf-8")
    servers = [name for name, service in services.items() if service.get("build")]
    assert len(servers) == 3
    listed = re.findall(r"^    server (\S+) (\S+)$", balancer, re.MULTILINE)
    assert listed == [(each, f"{each}:8080") for each in servers]
    assert "option httpchk GET /_mock/ready" in balancer
    (mounted,) = services["mockserver"]["volumes"]
    assert (ROOT / mounted.split(":")[0]).is_file()


def test_every_container_has_a_health_check_and_waits_for_those_that_it_needs(
    services: dict[str, dict[str, Any]],
) -> None:
    assert all(service["healthcheck"]["test"][0] == "CMD" for service in services.values())
    needed = {name: set(service.get("depends_on", ())) for name, service in services.items()}
    assert needed == {
        **{f"server-{number}": {"valkey"} for number in (1, 2, 3)},
        "mockserver": {"server-1", "server-2", "server-3"},
        "valkey": set(),
    }
    waits = [each for service in services.values() for each in service.get("depends_on", {}).values()]
    assert all(each == {"condition": "service_healthy"} for each in waits)


def test_the_servers_are_those_of_compose_with_a_store_that_they_share(services: dict[str, dict[str, Any]]) -> None:
    server = services["server-1"]
    alone = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]["mockserver"]
    more = {"depends_on", "restart"}
    assert {**server, "environment": {}, "ports": []} == {
        **alone, "environment": {}, "ports": [], **{key: server[key] for key in more},
    }  # fmt: skip
    own = {
        "MOCKSERVER_STORE": "valkey://valkey:6379/0",
        "MOCKSERVER_WORKERS": "${MOCKSERVER_WORKERS:-1}",
        # An empty one would make each server generate another token.
        "MOCKSERVER_TOKEN": "${MOCKSERVER_TOKEN:-none}",
    }
    assert server["environment"] == {**alone["environment"], **own}
    # Only the load balancer is published, and only to this machine, because the control API has no token.
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {"mockserver": alone["ports"]} == {"mockserver": ["127.0.0.1:8080:8080"]}


def test_the_commands_of_the_page_on_scaling_are_commands() -> None:
    page = (ROOT / "docs" / "how-to-scale.md").read_text("utf-8")
    started = re.findall(r"^mockserver (serve .*)$", page, re.MULTILINE)
    assert [parser_for("serve").parse_args(line.split()).workers for line in started] == [2]
    files = re.findall(r"^docker compose -f (\S+) ", page, re.MULTILINE)
    assert set(files) == {"compose.scale.yaml"}
    images = re.findall(r"docker\.io/valkey/\S+", page + (ROOT / "compose.scale.yaml").read_text("utf-8"))
    assert len(images) == 2
    assert len(set(images)) == 1
