"""Generate a video with PromptToVideo (httpx2): a client without a known mistake.

mockserver serve &
python clean.py 'a lighthouse in a storm' lighthouse.mp4
"""

import os
import sys
import time
from datetime import datetime
from pathlib import Path

import httpx2

EVERY, TIMEOUT, DAY, TRIES = 5.0, 3_600.0, 86_400.0, 5


class Failed(Exception):
    """There is no video. The text is the reason."""


class Videos:
    """A client of the API. Tests pass their own `sleep` and `now`."""

    def __init__(self, sleep=time.sleep, now=time.time):
        base = os.environ.get("PROMPTTOVIDEO_BASE_URL", "http://localhost:8080/prompttovideo")
        key = os.environ.get("PROMPTTOVIDEO_API_KEY", "test-key")
        self.sleep, self.now = sleep, now
        self.http = httpx2.Client(base_url=base, headers={"Authorization": f"Bearer {key}"}, timeout=10)

    def video(self, prompt: str) -> bytes:
        """Return the video of a prompt. Raises Failed."""
        before = {each["id"] for each in self._list()}
        video = self._submit(prompt, before)
        for _ in range(int(TIMEOUT / EVERY)):
            status = self._get(f"/api/v1/video/{video}/status").json()
            if status["status"] == "completed":
                return self._get(status["video_url"]).content if "video_url" in status else b""
            if status["status"] not in ("pending", "processing"):
                raise Failed(status.get("error", status["status"]))
            self.sleep(EVERY)
        raise Failed(f"video {video} is still {status['status']}")

    def _submit(self, prompt: str, before: set) -> int:
        for _ in range(TRIES):
            try:
                reply = self.http.post("/api/v1/generate", json={"prompt": prompt})
                if reply.status_code == 200:
                    return reply.json()["video_id"]
            except httpx2.ConnectError:
                self.sleep(EVERY)  # nothing was sent
                continue
            except (httpx2.TransportError, ValueError):
                return self._find(prompt, before)
            if reply.status_code >= 500:
                return self._find(prompt, before)
            if reply.status_code != 429:
                raise Failed(reply.text)
            self._wait(reply, 1)
        raise Failed("the service does not take the prompt")

    def _find(self, prompt: str, before: set) -> int:
        """Look for the video of a request whose reply is lost. A second request could be charged twice."""
        for each in self._list():
            if each["prompt"] == prompt and each["id"] not in before:
                return each["id"]
        raise Failed("the reply was lost, and there is no video")

    def _list(self) -> list:
        return self._get("/api/v1/videos").json()["videos"]

    def _get(self, path: str) -> httpx2.Response:
        """Read something. Reading can be repeated."""
        for attempt in range(TRIES):
            try:
                reply = self.http.get(path)
                if reply.status_code == 200:
                    if "json" in reply.headers["content-type"]:
                        reply.json()
                    return reply
            except (httpx2.TransportError, ValueError):
                self.sleep(EVERY * 2**attempt)
                continue
            if reply.status_code != 429 and reply.status_code < 500:
                raise Failed(reply.text)
            self._wait(reply, attempt)
        raise Failed(f"{path} cannot be read")

    def _wait(self, reply: httpx2.Response, attempt: int) -> None:
        seconds = float(reply.headers.get("Retry-After", EVERY * 2**attempt))
        if reply.status_code == 429 and "rate_limit_info" in reply.text:
            resets = datetime.fromisoformat(reply.json()["rate_limit_info"]["reset_time"])
            seconds = max(seconds, resets.timestamp() - self.now())
        if seconds > DAY:
            raise Failed(reply.text)
        self.sleep(seconds)


def main() -> int:
    """Write the video of the prompt in the first argument to the file in the second."""
    try:
        Path(sys.argv[2]).write_bytes(Videos().video(sys.argv[1]))
    except Failed as error:
        print(f"no video: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
