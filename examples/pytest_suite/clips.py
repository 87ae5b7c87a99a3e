"""A small application that renders a clip with PromptToVideo, waits for it, and downloads it."""

import os
import time

import requests


class RenderError(Exception):
    """The clip could not be rendered. The text is the reason."""


class Clips:
    """Renders clips. `poll` is the number of seconds between two polls."""

    def __init__(self, poll: float = 5.0) -> None:
        self.base = os.environ.get("PROMPTTOVIDEO_BASE_URL", "https://prompttovideo.com")
        self.poll = poll
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {os.environ['PROMPTTOVIDEO_API_KEY']}"

    def render(self, prompt: str, quality: str = "premium") -> bytes:
        """Return the MP4 of a prompt. Raises RenderError."""
        api = f"{self.base}/api/v1"
        job = self._request("POST", f"{api}/generate", json={"prompt": prompt, "quality": quality}).json()
        while True:
            video = self._request("GET", f"{api}/video/{job['video_id']}/status").json()
            if video["status"] == "completed":
                return self._request("GET", video["video_url"]).content
            if video["status"] == "failed":
                raise RenderError(video["error"])
            time.sleep(self.poll)

    def _request(self, method: str, url: str, tries: int = 3, **more: object) -> requests.Response:
        for left in reversed(range(tries)):
            try:
                reply = self.session.request(method, url, timeout=30, **more)
            except requests.RequestException as error:
                # The render may have started, and a second request could be charged again.
                if method == "POST" or not left:
                    raise RenderError(f"no answer: {error}") from error
                continue
            if reply.status_code == 503 and left:
                continue
            if not reply.ok:
                raise RenderError(f"{reply.status_code}: {reply.text}")
            return reply
        raise AssertionError("every round returns or raises")
