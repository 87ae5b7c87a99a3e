"""The server in a container of its own, for tests that have Docker: a module for testcontainers (4.13 or later).

    with MockServerContainer(scenario=Path("busy-evening.yaml")) as mock:
        client = Client(base_url=mock.base_url("videotoprompt"))

Testcontainers is not installed along with this package; importing this module without it raises ImportError.
"""

from pathlib import Path
from typing import Any

from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HttpWaitStrategy

from mockserver.providers.registry import all_providers

PORT = 8080


class MockServerContainer(DockerContainer):
    """A container of the image, ready when the server is.

    `scenario` is a name, a text of YAML or the path of a file, whose text is handed over: nothing has to be mounted.
    `clock` is a mode, or a speed such as `60x`. `token` is what the control API asks for.
    """

    def __init__(
        self,
        image: str = "mockserver:latest",
        *,
        scenario: str | Path | None = None,
        seed: int | None = None,
        clock: str | None = None,
        token: str = "testcontainers",
        **more: Any,
    ) -> None:
        super().__init__(image, **more)
        text = _inline(scenario) if isinstance(scenario, Path) else scenario
        told = {"SCENARIO": text, "SEED": seed, "CLOCK": clock, "TOKEN": token}
        for name, value in told.items():
            if value is not None:
                self.with_env(f"MOCKSERVER_{name}", str(value))
        self.with_exposed_ports(PORT)
        self.waiting_for(HttpWaitStrategy(PORT, "/_mock/ready"))
        self.token = token

    @property
    def url(self) -> str:
        """The server's own URL, without a slash at its end. Raises testcontainers' errors before the start."""
        return f"http://{self.get_container_host_ip()}:{self.get_exposed_port(PORT)}"

    def base_url(self, provider: str) -> str:
        """The base URL of a provider, as its clients want it. Raises KeyError for a provider that there is not."""
        known = {each.name: each.base_path for each in all_providers()}
        return f"{self.url}/{provider}{known[provider]}"

    @property
    def control_headers(self) -> dict[str, str]:
        """What requests to the control API, below `/_mock`, must carry."""
        return {"X-Mock-Token": self.token}


def _inline(path: Path) -> str:
    """The text of a scenario file; its last line ends, so that it cannot be taken for a name."""
    return path.read_text("utf-8").rstrip("\n") + "\n"
