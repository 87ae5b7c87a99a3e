"""What every test can use: a server in this process, a client for it, and scenarios made on the spot."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tests.conversation import Conversation


@pytest.fixture
def talk() -> Callable[..., None]:
    """Run a conversation: `talk(async_function, scenario={...})` hands it a Conversation with a fresh server."""

    def run(story: Callable[[Conversation], Coroutine[Any, Any, None]], scenario: dict[str, Any] | None = None) -> None:
        async def whole() -> None:
            async with Conversation(scenario) as conversation:
                await story(conversation)

        asyncio.run(whole())

    return run
