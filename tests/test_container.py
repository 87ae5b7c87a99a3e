"""The class for testcontainers, with a fake Docker engine whose container is a server of this process."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
from testcontainers.core.config import ConnectionMode, testcontainers_config

from mockserver.app import create_app
from mockserver.settings import Settings, load
from mockserver.testing.container import MockServerContainer
from tests.live import live_server
from tests.threaded import running


class Engine(ThreadingHTTPServer):
    """A fake Docker engine for one container. `created` is the request that created it."""

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.port = port
        self.created: dict[str, Any] = {}
        self.calls: list[str] = []


class _Request(BaseHTTPRequestHandler):
    server: Engine

    def do_GET(self) -> None:
        path = self._record_call()
        bound = [{"HostIp": "127.0.0.1", "HostPort": str(self.server.port)}]
        container = {
            "Id": "c1", "Name": "/c1", "Image": "mockserver", "State": {"Status": "running"},
            "Config": {}, "NetworkSettings": {"Ports": {"8080/tcp": bound}},
        }  # fmt: skip
        answers: dict[str, Any] = {
            "/networks": [],
            "/version": {"ApiVersion": "1.47", "MinAPIVersion": "1.24"},
            "/containers/c1/json": container,
        }
        answers["/containers/json"] = [container]
        self._answer(200, answers.get(path, {"Id": "sha256:1", "RepoTags": ["mockserver:latest"]}))

    def do_POST(self) -> None:
        path = self._record_call()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if path == "/containers/create":
            self.server.created = json.loads(body)
        self._answer(201, {"Id": "c1", "Warnings": []})

    def do_DELETE(self) -> None:
        self._record_call()
        self._answer(204, None)

    def _record_call(self) -> str:
        path = self.path.partition("?")[0]
        path = "/" + path.split("/", 2)[2] if path.startswith("/v1.") else path
        self.server.calls.append(f"{self.command} {path}")
        return path

    def _answer(self, status: int, content: Any) -> None:
        body = b"" if content is None else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    # The ports of the fake engine are on this host, also if the tests themselves run in a container.
    monkeypatch.setattr(testcontainers_config, "connection_mode_override", ConnectionMode.docker_host)
    monkeypatch.setattr(testcontainers_config, "ryuk_disabled", True)
    app = create_app(Settings(token="testcontainers"))
    with live_server(app) as base, Engine(int(base.rpartition(":")[2])) as fake_engine:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{fake_engine.server_port}")
        with running(fake_engine):
            yield fake_engine


def test_a_container_is_configured_by_variables_and_has_urls(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("scenario: mine")
    with MockServerContainer(scenario=file, seed=7, clock="60x", token="testcontainers") as mock:
        assert mock.base_url("videotoprompt") == f"http://127.0.0.1:{engine.port}/videotoprompt/v1"
        body = {"url": "https://example.com/a.mp4"}
        reply = httpx2.post(
            f"{mock.base_url('videotoprompt')}/analyze/url", json=body, headers={"Authorization": "Bearer key-1"}
        )
        assert reply.status_code == 202
        assert httpx2.get(f"{mock.url}/_mock/jobs").status_code == 401
        jobs = httpx2.get(f"{mock.url}/_mock/jobs", headers=mock.control_headers).json()["jobs"]
        assert len(jobs) == 1
    assert engine.created["Image"] == "mockserver:latest"
    assert "8080/tcp" in engine.created["ExposedPorts"]
    settings = load({}, dict(each.split("=", 1) for each in engine.created["Env"]))
    assert settings == Settings(scenario="scenario: mine\n", seed=7, clock="60x", token="testcontainers")
    assert engine.calls[-1] == "DELETE /containers/c1"


def test_each_container_has_a_random_token(engine: Engine) -> None:
    one, other = MockServerContainer(), MockServerContainer()
    assert len(one.token) >= 20
    assert one.token != other.token
    assert one.control_headers == {"X-Mock-Token": one.token}


def test_the_url_of_an_unknown_provider_is_an_error(engine: Engine) -> None:
    with MockServerContainer() as mock, pytest.raises(KeyError):
        mock.base_url("videotoprompter")
