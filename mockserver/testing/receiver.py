"""A receiver of webhooks on a real socket: it checks signatures, keeps the calls, and can fail on request."""

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pydantic_core import from_json

from mockserver.serving.listening import listen
from mockserver.testing.callback_server import Answer, Break, CallbackServer, ReceivedRequest
from mockserver.testing.hosted_sandbox import HostedSandbox
from mockserver.testing.signatures import Verdict, sender_of, verdict
from mockserver.testing.values import instant

# Hides the frames of this module, so that a failing test shows its own line.
__tracebackhide__ = True

_OK = Answer(200)


@dataclass(frozen=True, slots=True)
class Received:
    """One call that was received, and its answer.

    `event` and `provider` are None if the call is not a webhook of a provider. `signature` is `valid` if it is the
    provider's signature of exactly these bytes with a secret of this sandbox, and `stale` if it is more than five
    minutes old.
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
        """The body as JSON data. Raises ValueError if it is not JSON."""
        return from_json(self.body)


class Receiver:
    """Receives webhooks in place of an application. It answers 200, or 401 if the signature is not valid."""

    def __init__(self, hosted: HostedSandbox, *, verify: bool = True) -> None:
        self._hosted = hosted
        self._verify = verify
        self._next_answers: deque[Answer | Break] = deque()
        self._calls: list[Received] = []
        self._changed = threading.Condition()
        self._server = CallbackServer(self._answer)
        host, address = hosted.receiver_address
        listener = listen(address, 0)
        self._authority = f"{host}:{listener.getsockname()[1]}"
        hosted.run(self._server.open(listener))
        hosted.add_receiver(self._authority, self._will_hang)

    def __repr__(self) -> str:
        return f"<receiver {self.url}, {len(self._calls)} calls>"

    @property
    def url(self) -> str:
        """The URL for webhooks. Calls with any path below it are received too."""
        return f"http://{self._authority}"

    @property
    def calls(self) -> list[Received]:
        """The calls so far, oldest first."""
        with self._changed:
            return list(self._calls)

    def answer_with(self, *answers: int | Answer | Literal["hang", "reset", "close"]) -> "Receiver":
        """Set the answers of the next calls, one each. Later calls are answered as usual.

        A number is a status. `hang` never answers: the attempt times out after 50 ms of real time and no virtual time.
        `reset` closes the connection with a reset, `close` closes it in order, both without an answer.
        """
        with self._changed:
            self._next_answers.extend(Answer(answer) if isinstance(answer, int) else answer for answer in answers)
        return self

    def wait_for(self, event: str | None = None, *, count: int = 1, timeout: float = 5.0) -> list[Received]:
        """Wait for `count` calls (of an event), and return them. `timeout` is in seconds of real time.

        This does not move the clock. Raises AssertionError with the calls so far if there are too few.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._calls_of(event)) >= count, timeout):
                calls = ", ".join(f"{c.event or c.path} ({c.answer})" for c in self._calls) or "none"
                what = f"{count} {'call' if count == 1 else 'calls'}" + (f" of {event!r}" if event else "")
                raise AssertionError(f"expected {what} within {timeout:g} s; calls so far: {calls}")
            return self._calls_of(event)[:count]

    def clear(self) -> None:
        """Clear the calls so far, and the answers of the next calls."""
        with self._changed:
            self._calls.clear()
            self._next_answers.clear()

    def close(self) -> None:
        """Stop listening."""
        self._hosted.remove_receiver(self._authority)
        self._hosted.run(self._server.close())

    def _calls_of(self, event: str | None) -> list[Received]:
        return [call for call in self._calls if event in (None, call.event)]

    def _will_hang(self) -> bool:
        return bool(self._next_answers) and self._next_answers[0] == "hang"

    async def _answer(self, request: ReceivedRequest) -> Answer | Break:
        provider = sender_of(request.headers, self._hosted.host.providers)
        signature: Verdict = "missing"
        if provider is not None and provider.signature is not None:
            secrets, now = await self._hosted.secrets(provider.name), self._hosted.signature_time()
            signature = verdict(provider.signature, request.headers, request.body, secrets, now)
        unauthorized = self._verify and request.method == "POST" and signature != "valid"
        with self._changed:
            default = Answer(401) if unauthorized else _OK
            answer = self._next_answers.popleft() if self._next_answers else default
            event = provider.event_of(_data(request.body)) if provider is not None else None
            self._calls.append(
                Received(
                    at=instant(self._hosted.received_at),
                    method=request.method,
                    path=request.path,
                    headers=request.headers,
                    body=request.body,
                    provider=provider.name if provider is not None else None,
                    event=event,
                    signature=signature,
                    answer=answer.status if isinstance(answer, Answer) else answer,
                )
            )
            self._changed.notify_all()
        return answer


def _data(body: bytes) -> Any:
    try:
        return from_json(body)
    except ValueError:
        return None
