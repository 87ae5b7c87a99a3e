"""Clients that do everything right, over all bundled scenarios: the verdict has no finding."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from mockserver import MockServer
from tests.documents import ROOT

# A stream that is held goes on when it is released through the control API, which a client does not use.
HELD = ("nanophoto-stream-held",)
SCENARIOS = sorted({path.stem for path in (ROOT / "scenarios").glob("*.yaml")}.difference(HELD))
PROVIDERS = ("videotoprompt", "prompttovideo", "nanophoto", "descrideo", "dumplingai")
# How long a client waits for a reply, in seconds of real time. In scenarios with these words no reply may come.
PATIENCE, SHORT_PATIENCE = 10.0, 0.25
SILENT = ("hang", "stall", "never-answers")
NOT_NOW = (429, 500, 502, 503)


class GaveUp(Exception):
    """The client reports an error to its caller."""


class NoAnswer(GaveUp):
    """There is no readable reply, so that the job may exist."""


class Client:
    """A careful client: it submits once, waits as it is asked to, polls every five seconds, and gives up after a time.

    It sleeps on the sandbox's clock.
    """

    def __init__(self, mock: MockServer, provider: Any, patience: float) -> None:
        self.mock = mock
        self.patience = patience
        self.base = mock.url(provider)
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {mock.key(provider)}"

    def sleep(self, seconds: float) -> None:
        self.mock.clock.advance(max(1.0, seconds))

    def send(self, method: str, url: str, **more: Any) -> requests.Response:
        """Send a request, and wait if the headers say that the limit is used up."""
        reply = self.session.request(method, url, timeout=self.patience, **more)
        if reply.ok and reply.headers.get("X-RateLimit-Remaining") == "0" and "X-RateLimit-Reset" in reply.headers:
            self.sleep(self.wait_of(reply, 60))
        return reply

    def submit(self, path: str, body: dict[str, Any]) -> Any:
        """Send a paid request. Without a readable reply it is not sent again."""
        for pause in (1, 60, 3_600):
            try:
                reply = self.send("POST", self.base + path, json=body)
                if reply.ok:
                    return reply.json()
            except (requests.RequestException, ValueError) as error:
                raise NoAnswer(type(error).__name__) from error
            if reply.status_code >= 500:
                raise NoAnswer(str(reply.status_code))
            if reply.status_code != 429:
                raise GaveUp(str(reply.status_code))
            self.sleep(self.wait_of(reply, pause))
        raise GaveUp("throttled")

    def read(self, path: str, body: dict[str, Any]) -> str:
        """Send a paid request whose reply is a stream. One that breaks off is refunded, and is sent once more."""
        for pause in (1, 60):
            began = False
            try:
                with self.session.post(self.base + path, json=body, timeout=self.patience, stream=True) as reply:
                    if reply.ok:
                        began = True
                        return b"".join(reply.iter_content(None)).decode()
            except (requests.RequestException, ValueError) as error:
                if not began:
                    raise GaveUp(type(error).__name__) from error
                continue
            if reply.status_code != 429:
                raise GaveUp(str(reply.status_code))
            self.sleep(self.wait_of(reply, pause))
        raise GaveUp("broken off")

    def wait_of(self, reply: requests.Response, default: float) -> float:
        """Return the seconds that a refusal asks for."""
        if "Retry-After" in reply.headers:
            return float(reply.headers["Retry-After"])
        if "X-RateLimit-Reset" in reply.headers:
            return float(reply.headers["X-RateLimit-Reset"]) - self.mock.clock.now.timestamp()
        if "rate_limit_info" in reply.text:
            raise GaveUp("the quota of the day is used up")
        return default

    def poll(self, path: str, done: Callable[[Any], bool]) -> Any:
        """Poll until the job has ended. A failed poll is repeated later."""
        for _ in range(70):
            self.sleep(5)
            try:
                reply = self.send("GET", self.base + path)
                body = reply.json() if reply.ok else None
            except (requests.RequestException, ValueError):
                continue
            if body is not None and done(body):
                return body
            if body is None and reply.status_code not in NOT_NOW:
                raise GaveUp(str(reply.status_code))
            if body is None:
                self.sleep(self.wait_of(reply, 60))
        raise GaveUp("not finished")


def videotoprompt(client: Client) -> None:
    job = client.submit("/analyze/url", {"url": "https://example.com/hike.mp4", "platform": "sora"})["id"]
    client.poll(f"/analyze/{job}", lambda body: body["status"] in ("completed", "failed"))


def prompttovideo(client: Client) -> None:
    try:
        job = client.submit("/api/v1/generate", {"prompt": "sunset", "quality": "free"})["video_id"]
    except NoAnswer:
        # The video may exist.
        client.sleep(30)
        client.poll("/api/v1/videos", lambda body: True)
        raise
    video = client.poll(f"/api/v1/video/{job}/status", lambda body: body["status"] not in ("pending", "processing"))
    if video["status"] == "completed":
        assert client.session.get(video["video_url"], timeout=5).ok


def nanophoto(client: Client) -> None:
    client.read("/api/sora-2/reverse-prompt", {"videoSource": "url", "videoUrl": "https://example.com/a.mp4"})


def descrideo(client: Client) -> None:
    source = {"type": "direct_url", "url": "https://example.com/a.mp4"}
    body = {"source": source, "frames": 10, "webhook": {"url": "http://127.0.0.1:9/hook"}}
    job = client.submit("/video-descriptions", body)["job_id"]
    client.poll(f"/video-descriptions/{job}", lambda body: body["status"] in ("succeeded", "failed"))


def dumplingai(client: Client) -> None:
    body = {"inputMethod": "url", "video": "https://example.com/a.mp4", "prompt": "What is shown?"}
    client.submit("/extract-video", body)


CLIENTS: dict[str, Callable[[Client], None]] = {
    "videotoprompt": videotoprompt,
    "prompttovideo": prompttovideo,
    "nanophoto": nanophoto,
    "descrideo": descrideo,
    "dumplingai": dumplingai,
}


def _cases() -> Iterator[tuple[str, str]]:
    for scenario in SCENARIOS:
        own = scenario.partition("-")[0]
        yield from ((scenario, provider) for provider in PROVIDERS if own == provider or own not in PROVIDERS)


@pytest.mark.parametrize(("scenario", "provider"), list(_cases()))
def test_a_careful_client_has_no_finding(scenario: str, provider: str) -> None:
    with MockServer(scenario, clock="auto", scenario_dir=ROOT / "scenarios") as mock:
        silent = any(word in scenario for word in SILENT)
        client = Client(mock, provider, SHORT_PATIENCE if silent else PATIENCE)
        for _ in range(2):
            try:
                CLIENTS[provider](client)
            except GaveUp:
                break
        verdict = mock.verdict()
    assert verdict.observed
    assert [f"{each.severity} {each.rule}: {each.message}" for each in verdict.findings] == []
