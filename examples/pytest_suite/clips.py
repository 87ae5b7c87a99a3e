"""A small application: it renders a clip with PromptToVideo, waits for it, and downloads it."""

import os
import time

import requests


class RenderError(Exception):
    """The clip could not be made; the text says why."""


class Clips:
    """Renders clips. `poll` is how many seconds lie between two looks at a render."""

    def __init__(self, poll: float = 5.0) -> None:
        self.base = os.environ.get("PROMPTTOVIDEO_BASE_URL", "https://prompttovideo.com")
        self.poll = poll
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {os.environ['PROMPTTOVIDEO_API_KEY']}"

    def render(self, prompt: str, quality: str = "premium") -> bytes:
        """The MP4 of a prompt. Raises RenderError."""
        api = f"{self.base}/api/v1"
        made = self._ask("POST", f"{api}/generate", json={"prompt": prompt, "quality": quality}).json()
        while True:
            video = self._ask("GET", f"{api}/video/{made['video_id']}/status").json()
            if video["status"] == "completed":
                return self._ask("GET", video["video_url"]).content
            if video["status"] == "failed":
                raise RenderError(video["error"])
            time.sleep(self.poll)

    def _ask(self, method: str, url: str, tries: int = 3, **more: object) -> requests.Response:
        for left in reversed(range(tries)):
            try:
                reply = self.session.request(method, url, timeout=30, **more)
            except requests.RequestException as error:
                # Whether a render has begun nobody knows: asking twice could pay twice.
                if method == "POST" or not left:
                    raise RenderError(f"no answer: {error}") from error
                continue
            if reply.status_code == 503 and left:
                continue
            if not reply.ok:
                raise RenderError(f"{reply.status_code}: {reply.text}")
            return reply
        raise AssertionError("every round returns or raises")
