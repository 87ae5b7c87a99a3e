"""What every test can use: a server in this process, a client for it, and scenarios made on the spot."""

import asyncio
from collections.abc import Callable, Coroutine
from importlib.metadata import entry_points
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings

from mockserver.settings import Settings
from tests.conversation import Conversation

# Where the package is installed, pytest finds the plugin by itself; naming it there as well would load it twice.
_FOUND = entry_points(group="pytest11", name="mockserver")
pytest_plugins = ["pytester", *([] if _FOUND else ["mockserver.pytest_plugin"])]

# How long an example takes says more of the machine than of the code; and what failed once must fail again.
hypothesis_settings.register_profile("mockserver", deadline=None, derandomize=True)
hypothesis_settings.load_profile("mockserver")


@pytest.fixture
def talk() -> Callable[..., None]:
    """Run a conversation: `talk(async_function, scenario={...})` hands it a Conversation with a fresh server.

    `settings` are those of the server, where a test is about them.
    """

    def run(
        story: Callable[[Conversation], Coroutine[Any, Any, None]],
        scenario: dict[str, Any] | None = None,
        settings: Settings | None = None,
    ) -> None:
        async def whole() -> None:
            async with Conversation(scenario, settings) as conversation:
                await story(conversation)

        asyncio.run(whole())

    return run
