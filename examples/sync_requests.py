"""Turn a video into a prompt with VideoToPrompt: submit it, poll, wait when rate-limited, and give up after some time.

mockserver serve &
python sync_requests.py https://example.com/hike.mp4
"""

import os
import sys
import time

import requests


class Failed(Exception):
    """No prompt could be created. The text is the reason."""


class Prompts:
    """A client of the API. Tests pass their own `sleep` and `now`, so that they do not wait."""

    def __init__(self, sleep=time.sleep, now=time.time):
        self.base = os.environ.get("VIDEOTOPROMPT_BASE_URL", "http://localhost:8080/videotoprompt/v1")
        self.sleep, self.now = sleep, now
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {os.environ.get('VIDEOTOPROMPT_API_KEY', 'test-key')}"

    def prompt(self, video: str, platform: str = "midjourney", timeout: float = 120, every: float = 3) -> str:
        """Return the prompt of a video. Raises Failed, also after `timeout` seconds."""
        end = self.now() + timeout
        analysis = self._request("POST", "/analyze/url", end, json={"url": video, "platform": platform})["id"]
        while True:
            result = self._request("GET", f"/analyze/{analysis}", end)
            if result["status"] == "completed":
                return result["prompt"]["full"]
            if result["status"] == "failed":
                raise Failed(result["error"])
            self._wait(every, end, f"{analysis} is still {result['status']}")

    def _request(self, method: str, path: str, end: float, **more: object) -> dict:
        pause = 1.0
        while True:
            try:
                reply = self.session.request(method, self.base + path, timeout=10, **more)
            except requests.RequestException as error:  # also if the reply is incomplete
                if method == "POST":  # the job may exist, and a retry would create a second one
                    raise Failed(f"no answer: {type(error).__name__}") from error
                reason, wait = "there is no answer", pause
            else:
                if reply.ok:
                    return reply.json()
                reason = reply.json()["error"]["message"]
                if reply.status_code == 429:
                    wait = max(float(reply.headers["X-RateLimit-Reset"]) - self.now(), 1.0)
                elif reply.status_code >= 500:
                    wait = pause
                else:
                    raise Failed(reason)
            self._wait(wait, end, reason)
            pause *= 2

    def _wait(self, seconds: float, end: float, reason: str) -> None:
        if self.now() + seconds > end:
            raise Failed(f"given up: {reason}")
        self.sleep(seconds)


def main() -> int:
    """Print the prompt of the video in the first argument."""
    try:
        print(Prompts().prompt(sys.argv[1]))
    except Failed as error:
        print(f"no prompt: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
