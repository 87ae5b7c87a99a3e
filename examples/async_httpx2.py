"""Read a shot list from NanoPhoto while it is streamed, and retry if the stream breaks.

mockserver serve &
python async_httpx2.py 'https://www.youtube.com/watch?v=EXAMPLE'
"""

import asyncio
import os
import sys
from collections.abc import Callable

import httpx2

BASE = os.environ.get("NANOPHOTO_BASE_URL", "http://localhost:8080/nanophoto")
KEY = os.environ.get("NANOPHOTO_API_KEY", "test-key")


class Refused(Exception):
    """NanoPhoto refuses the video. The text has its error code and message."""


class Broken(Exception):
    """The stream broke in every attempt."""


def client(base: str = BASE, key: str = KEY, **more: object) -> httpx2.AsyncClient:
    """Return a client of the API. A long stream is fine, so the timeout is for each read and not for the whole call."""
    timeout = httpx2.Timeout(10, read=30)
    return httpx2.AsyncClient(base_url=base, headers={"Authorization": f"Bearer {key}"}, timeout=timeout, **more)


async def shot_list(api: httpx2.AsyncClient, video: str, show: Callable[[str], None], tries: int = 3) -> str:
    """Return the shot list of a video, and pass each chunk to `show`. Raises Refused and Broken."""
    request = {"videoSource": "youtube", "videoUrl": video, "locale": "en"}
    for attempt in range(tries):
        text = ""
        try:
            async with api.stream("POST", "/api/sora-2/reverse-prompt", json=request) as reply:
                if reply.status_code != 200:
                    await reply.aread()
                    error = reply.json()
                    raise Refused(f"{error['errorCode']}: {error['error']}")
                async for chunk in reply.aiter_text():
                    text += chunk
                    show(chunk)
            return text
        except httpx2.TransportError:
            # A failure after the first byte cannot change the status 200: it breaks the connection.
            show(f"\n(broken off, try {attempt + 1} of {tries})\n")
    raise Broken(f"{tries} tries")


async def main(video: str) -> int:
    """Print the shot list while it is streamed."""
    async with client() as api:
        try:
            await shot_list(api, video, lambda chunk: print(chunk, end="", flush=True))
        except (Refused, Broken) as error:
            print(f"no shot list: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "https://www.youtube.com/watch?v=EXAMPLE")))
