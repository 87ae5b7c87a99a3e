"""Turns a video into a prompt with VideoToPrompt: submits it, waits where it is told to, polls, and gives up in time.

mockserver serve &
python sync_requests.py https://example.com/hike.mp4
"""

import os
import sys
import time

import requests


class Failed(Exception):
    """There is no prompt, and why."""


class Prompts:
    """A client of the API. `sleep` and `now` are parameters, so that tests need not wait."""

    def __init__(self, sleep=time.sleep, now=time.time):
        self.base = os.environ.get("VIDEOTOPROMPT_BASE_URL", "http://localhost:8080/videotoprompt/v1")
        self.sleep, self.now = sleep, now
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {os.environ.get('VIDEOTOPROMPT_API_KEY', 'test-key')}"

    def prompt(self, video: str, platform: str = "midjourney", patience: float = 120, every: float = 3) -> str:
        """The prompt of a video, within so many seconds. Raises Failed."""
        end = self.now() + patience
        analysis = self._ask("POST", "/analyze/url", end, json={"url": video, "platform": platform})["id"]
        while True:
            found = self._ask("GET", f"/analyze/{analysis}", end)
            if found["status"] == "completed":
                return found["prompt"]["full"]
            if found["status"] == "failed":
                raise Failed(found["error"])
            self._wait(every, end, f"{analysis} is still {found['status']}")

    def _ask(self, method: str, path: str, end: float, **more: object) -> dict:
        pause = 1.0
        while True:
            try:
                reply = self.session.request(method, self.base + path, timeout=10, **more)
            except requests.RequestException as error:  # also where the reply breaks off
                if method == "POST":  # it may have begun: asked for again, it would count twice
                    raise Failed(f"no answer: {type(error).__name__}") from error
                told, wait = "there is no answer", pause
            else:
                if reply.ok:
                    return reply.json()
                told = reply.json()["error"]["message"]
                if reply.status_code == 429:
                    wait = max(float(reply.headers["X-RateLimit-Reset"]) - self.now(), 1.0)
                elif reply.status_code >= 500:
                    wait = pause
                else:
                    raise Failed(told)
            self._wait(wait, end, told)
            pause *= 2

    def _wait(self, seconds: float, end: float, told: str) -> None:
        if self.now() + seconds > end:
            raise Failed(f"given up: {told}")
        self.sleep(seconds)


def main() -> int:
    """Print the prompt of the video that is named."""
    try:
        print(Prompts().prompt(sys.argv[1]))
    except Failed as error:
        print(f"no prompt: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
