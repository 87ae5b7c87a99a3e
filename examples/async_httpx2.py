"""Reads a shot list from NanoPhoto while it is being written, and begins again where the stream breaks.

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
    """NanoPhoto does not analyse this video: its code, and what it says."""


class Broken(Exception):
    """The stream broke as often as it was tried."""


def client(base: str = BASE, key: str = KEY, **more: object) -> httpx2.AsyncClient:
    """A client of the API. Nothing arrives for as long as a chunk takes, so the limit is one for each read."""
    timeout = httpx2.Timeout(10, read=30)
    return httpx2.AsyncClient(base_url=base, headers={"Authorization": f"Bearer {key}"}, timeout=timeout, **more)


async def shot_list(api: httpx2.AsyncClient, video: str, heard: Callable[[str], None], tries: int = 3) -> str:
    """The whole shot list of a video, told piece by piece to `heard`. Raises Refused and Broken."""
    asked = {"videoSource": "youtube", "videoUrl": video, "locale": "en"}
    for attempt in range(tries):
        text = ""
        try:
            async with api.stream("POST", "/api/sora-2/reverse-prompt", json=asked) as reply:
                if reply.status_code != 200:
                    told = (await reply.aread()) and reply.json()
                    raise Refused(f"{told['errorCode']}: {told['error']}")
                async for piece in reply.aiter_text():
                    text += piece
                    heard(piece)
            return text
        except httpx2.TransportError:
            # After its first byte a reply can only break off: that the status was 200 says nothing.
            heard(f"\n(broken off, try {attempt + 1} of {tries})\n")
    raise Broken(f"{tries} tries")


async def main(video: str) -> int:
    """Print the shot list as it comes."""
    async with client() as api:
        try:
            await shot_list(api, video, lambda piece: print(piece, end="", flush=True))
        except (Refused, Broken) as error:
            print(f"no shot list: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "https://www.youtube.com/watch?v=EXAMPLE")))
