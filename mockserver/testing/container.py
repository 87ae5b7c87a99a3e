"""The server in a Docker container, for testcontainers (4.13 or later).

    with MockServerContainer(scenario=Path("busy-evening.yaml")) as mock:
        client = Client(base_url=mock.base_url("videotoprompt"))

Testcontainers is not installed with this package. Without it, importing this module raises ImportError.
"""

# The only value that must not be predictable.
import secrets  # noqa: TID251
from pathlib import Path
from typing import Any

from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HttpWaitStrategy

from mockserver.providers.registry import all_providers

PORT = 8080


class MockServerContainer(DockerContainer):
    """A container of the image. It is ready when the server is.

    `scenario` is a name, a YAML text, or the path of a file. The text of the file is passed to the container, so it
    need not be mounted. `clock` is a mode, or a speed such as `60x`. `token` is the token of the control API, by
    default a random one.
    """

    def __init__(
        self,
        image: str = "mockserver:latest",
        *,
        scenario: str | Path | None = None,
        seed: int | None = None,
        clock: str | None = None,
        token: str | None = None,
        **more: Any,
    ) -> None:
        super().__init__(image, **more)
        token = token or secrets.token_urlsafe(18)
        text = _inline(scenario) if isinstance(scenario, Path) else scenario
        variables = {"SCENARIO": text, "SEED": seed, "CLOCK": clock, "TOKEN": token}
        for name, value in variables.items():
            if value is not None:
                self.with_env(f"MOCKSERVER_{name}", str(value))
        self.with_exposed_ports(PORT)
        self.waiting_for(HttpWaitStrategy(PORT, "/_mock/ready"))
        self.token = token

    @property
    def url(self) -> str:
        """The URL of the server, without a slash at the end. Raises an error of testcontainers before the start."""
        return f"http://{self.get_container_host_ip()}:{self.get_exposed_port(PORT)}"

    def base_url(self, provider: str) -> str:
        """Return the base URL of a provider for its clients. Raises KeyError for an unknown provider."""
        base_paths = {each.name: each.base_path for each in all_providers()}
        return f"{self.url}/{provider}{base_paths[provider]}"

    @property
    def control_headers(self) -> dict[str, str]:
        """The headers that requests to the control API, below `/_mock`, must have."""
        return {"X-Mock-Token": self.token}


def _inline(path: Path) -> str:
    """Return the text of a scenario file, with a line break at its end, so that it is not mistaken for a name."""
    return path.read_text("utf-8").rstrip("\n") + "\n"
