"""A receiver of webhooks on a real socket: it checks signatures, remembers what came, and fails when told to."""

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pydantic_core import from_json

from mockserver.clock import wall_ms
from mockserver.serving.serve import listen
from mockserver.testing.front import HOST
from mockserver.testing.inbox import Answer, Break, Inbox, Posted
from mockserver.testing.session import World, instant
from mockserver.testing.signatures import Verdict, sender_of, verdict

# A failing test shows its own line, and not the way through here.
__tracebackhide__ = True

_OK = Answer(200)


@dataclass(frozen=True, slots=True)
class Received:
    """One call as it came, and how it was answered.

    `event` and `provider` are None for what is no provider's webhook. `signature` says whether it is the provider's
    own over exactly these bytes, by a secret of this sandbox; a `stale` one was made more than five minutes ago.
    """

    at: datetime
    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    provider: str | None
    event: str | None
    signature: Verdict
    answer: int | Break

    @property
    def json(self) -> Any:
        """The body as JSON data. Raises ValueError when it is none."""
        return from_json(self.body)


class Receiver:
    """Stands in for the application that webhooks go to. It answers 200, and 401 to a signature that is not right."""

    def __init__(self, world: World, *, verify: bool = True) -> None:
        self._world = world
        self._verify = verify
        self._told: deque[Answer | Break] = deque()
        self._calls: list[Received] = []
        self._changed = threading.Condition()
        self._inbox = Inbox(self._answer)
        listener = listen(HOST, 0)
        self._authority = f"{HOST}:{listener.getsockname()[1]}"
        world.run(self._inbox.open(listener))
        world.host.switchboard.watch(self._authority, self._will_hang)

    def __repr__(self) -> str:
        return f"<receiver {self.url}, {len(self._calls)} calls>"

    @property
    def url(self) -> str:
        """Where to send webhooks; whatever path is added comes here too."""
        return f"http://{self._authority}"

    @property
    def calls(self) -> list[Received]:
        """What came so far, oldest first."""
        with self._changed:
            return list(self._calls)

    def answers(self, *answers: int | Answer | Literal["hang", "reset", "close"]) -> "Receiver":
        """How the next calls are answered, one each; those after them as before.

        A number is a status. `hang` never answers: the attempt is over after 50 ms of real time and no virtual time.
        `reset` breaks the connection with a reset, `close` ends it in an orderly way, both without an answer.
        """
        told = [Answer(answer) if isinstance(answer, int) else answer for answer in answers]
        with self._changed:
            self._told.extend(told)
        return self

    def wait_for(self, event: str | None = None, *, count: int = 1, timeout: float = 5.0) -> list[Received]:
        """The first `count` calls (of an event), once they have come; `timeout` is in seconds of real time.

        It moves no clock. Raises AssertionError, with what came, when there are too few.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._of(event)) >= count, timeout):
                came = ", ".join(f"{c.event or c.path} ({c.answer})" for c in self._calls) or "nothing"
                raise AssertionError(f"{count} of {event or 'any event'} should have come, and what came is: {came}")
            return self._of(event)[:count]

    def forget(self) -> None:
        """Forget what came, and how the next calls were to be answered."""
        with self._changed:
            self._calls.clear()
            self._told.clear()

    def close(self) -> None:
        """Listen no longer."""
        self._world.host.switchboard.forget(self._authority)
        self._world.run(self._inbox.close())

    def _of(self, event: str | None) -> list[Received]:
        return [call for call in self._calls if event in (None, call.event)]

    def _will_hang(self) -> bool:
        return bool(self._told) and self._told[0] == "hang"

    async def _answer(self, posted: Posted) -> Answer | Break:
        provider = sender_of(posted.headers, self._world.host.providers)
        signature: Verdict = "missing"
        if provider is not None and provider.signature is not None:
            sandbox = self._world.sandbox
            now = sandbox.clock.now() if sandbox.program.source.signature_time == "sandbox" else wall_ms()
            secrets = await self._secrets(provider.name)
            signature = verdict(provider.signature, posted.headers, posted.body, secrets, now)
        unproven = self._verify and posted.method == "POST" and signature != "valid"
        with self._changed:
            answer = self._told.popleft() if self._told else Answer(401) if unproven else _OK
            event = provider.event_of(_data(posted.body)) if provider is not None else None
            self._calls.append(
                Received(
                    at=instant(self._world.sandbox.clock.now()),
                    method=posted.method,
                    path=posted.path,
                    headers=posted.headers,
                    body=posted.body,
                    provider=provider.name if provider is not None else None,
                    event=event,
                    signature=signature,
                    answer=answer.status if isinstance(answer, Answer) else answer,
                )
            )
            self._changed.notify_all()
        return answer

    async def _secrets(self, provider: str) -> set[str]:
        return {d.secret for d in await self._world.sandbox.store.deliveries() if d.provider == provider}


def _data(body: bytes) -> Any:
    try:
        return from_json(body)
    except ValueError:
        return None
