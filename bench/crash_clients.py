"""The clients of `bench.crash`, their history, and the receiver of the webhooks."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx2

# So many of the clients read streams.
STREAMS = 3
# Seconds after which a request is given up.
PATIENCE = 5.0
# So many jobs of an account; its ledger keeps the entries of all of them.
JOBS_OF_ACCOUNT = 200


@dataclass(slots=True)
class History:
    """What the clients know: acknowledged jobs with their account, and requests with an unknown outcome.

    `jobs` are by id. `submits` counts the acknowledged submits by account, and `tries` all of them. `kills` has the
    time of each kill and what was killed, and `longest` the longest time in seconds in which a client had no success,
    by what was killed in that time, unless that was more than one thing.
    """

    jobs: dict[str, str] = field(default_factory=dict)
    webhooks: set[str] = field(default_factory=set)
    submits: Counter[str] = field(default_factory=Counter)
    tries: Counter[str] = field(default_factory=Counter)
    streams: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    refused: Counter[int] = field(default_factory=Counter)
    received: Counter[str] = field(default_factory=Counter)
    kills: list[tuple[float, str]] = field(default_factory=list)
    longest: dict[str, float] = field(default_factory=dict)

    @property
    def killed(self) -> Counter[str]:
        """How often each was killed."""
        return Counter(victim for _, victim in self.kills)

    def note_kill(self, victim: str) -> None:
        """Note what was killed."""
        self.kills.append((time.perf_counter(), victim))

    def note_pause(self, began: float) -> None:
        """Note that a client has had no success since `began`, until now. It counts for what was killed meanwhile."""
        now = time.perf_counter()
        victims = {victim for at, victim in self.kills[-20:] if began < at}
        if len(victims) == 1:
            (victim,) = victims
            self.longest[victim] = max(self.longest.get(victim, 0.0), now - began)


class Client:
    """Submits jobs, one after another, and writes down what happened."""

    def __init__(self, number: int, port: int, hook: str, history: History) -> None:
        self._number = number
        self._base = f"http://127.0.0.1:{port}"
        self._hook = hook
        self._history = history
        self._sent = 0
        self._succeeded_at = time.perf_counter()
        submits = (self._description, self._analysis, self._video)
        self._works = (self._stream,) if number < STREAMS else submits

    async def run(self) -> None:
        """Submit until cancelled."""
        async with httpx2.AsyncClient(timeout=PATIENCE) as http:
            while True:
                for work in self._works:
                    self._sent += 1
                    await self._try(work, http)

    async def _try(self, work: Any, http: httpx2.AsyncClient) -> None:
        try:
            succeeded = await work(http, f"key-{self._number}-{self._sent // JOBS_OF_ACCOUNT}")
        except httpx2.HTTPError as error:
            self._history.unknown[type(error).__name__] += 1
            succeeded = False
        if succeeded:
            self._history.note_pause(self._succeeded_at)
            self._succeeded_at = time.perf_counter()
        else:
            await asyncio.sleep(0.02)

    async def _submit(
        self, http: httpx2.AsyncClient, path: str, account: str, headers: Mapping[str, str], body: Any, name: str
    ) -> str | None:
        self._history.tries[account] += 1
        reply = await http.post(self._base + path, headers=headers, json=body)
        if reply.status_code >= 300:
            self._history.refused[reply.status_code] += 1
            return None
        self._history.submits[account] += 1
        job = str(reply.json()[name])
        self._history.jobs[job] = account
        return job

    async def _description(self, http: httpx2.AsyncClient, key: str) -> bool:
        body = {
            "source": {"type": "direct_url", "url": f"https://example.com/{key}-{self._sent}.mp4"},
            "frames": 10,
            "generation_mode": "vision",
            "webhook": {"url": self._hook},
        }
        headers = {"X-API-Key": f"nxt_{key}"}
        path = "/descrideo/v1/video-descriptions"
        job = await self._submit(http, path, f"descrideo:nxt_{key}", headers, body, "job_id")
        if job is not None:
            self._history.webhooks.add(job)
        return job is not None

    async def _analysis(self, http: httpx2.AsyncClient, key: str) -> bool:
        body = {"url": f"https://example.com/{self._sent}.mp4"}
        headers = {"Authorization": f"Bearer {key}"}
        path = "/videotoprompt/v1/analyze/url"
        job = await self._submit(http, path, f"videotoprompt:{key}", headers, body, "id")
        if job is not None:
            reply = await http.get(f"{self._base}/videotoprompt/v1/analyze/{job}", headers=headers)
            if reply.status_code == 404:
                raise SystemExit(f"an acknowledged job is gone: {job}")
        return job is not None

    async def _video(self, http: httpx2.AsyncClient, key: str) -> bool:
        body = {"prompt": f"the sea, {self._number} {self._sent}", "quality": "premium"}
        headers = {"Authorization": f"Bearer {key}"}
        path = "/prompttovideo/api/v1/generate"
        return await self._submit(http, path, f"prompttovideo:{key}", headers, body, "video_id") is not None

    async def _stream(self, http: httpx2.AsyncClient, key: str) -> bool:
        body = {
            "videoSource": "youtube",
            "videoUrl": f"https://www.youtube.com/watch?v=W-{self._number:05}-{self._sent:05}",
        }
        path = "/nanophoto/api/sora-2/reverse-prompt"
        self._history.tries[f"nanophoto:{key}"] += 1
        reply = await http.post(self._base + path, headers={"Authorization": f"Bearer {key}"}, json=body)
        if reply.status_code == 200:
            self._history.streams[f"nanophoto:{key}"] += 1
        else:
            self._history.refused[reply.status_code] += 1
        return reply.status_code == 200


async def receive(history: History, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Receive webhooks, and count them by job."""
    with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
            history.received[json.loads(await reader.readexactly(length))["job_id"]] += 1
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
    writer.close()
