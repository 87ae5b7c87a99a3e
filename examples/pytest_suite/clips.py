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
        made = self._ask("POST", "/api/v1/generate", json={"prompt": prompt, "quality": quality})
        while True:
            video = self._ask("GET", f"/api/v1/video/{made['video_id']}/status")
            if video["status"] == "completed":
                return self.session.get(video["video_url"], timeout=30).content
            if video["status"] == "failed":
                raise RenderError(video["error"])
            time.sleep(self.poll)

    def _ask(self, method: str, path: str, tries: int = 3, **more: object) -> dict:
        for left in reversed(range(tries)):
            try:
                reply = self.session.request(method, self.base + path, timeout=30, **more)
            except requests.ConnectionError as error:
                # Whether a render has begun nobody knows: asking twice could pay twice.
                if method == "POST" or not left:
                    raise RenderError(f"no answer: {error}") from error
                continue
            if reply.status_code == 503 and left:
                continue
            if not reply.ok:
                raise RenderError(reply.json()["error"])
            return reply.json()
        raise AssertionError("every round returns or raises")
