"""Turn several videos into prompts with VideoToPrompt (asyncio, httpx2). The mistake: each is polled without a pause.

python poll_storm.py https://example.com/1.mp4 https://example.com/2.mp4
"""

import asyncio
import os
import sys

import httpx2


async def prompt(http: httpx2.AsyncClient, video: str) -> str:
    """Return the prompt of a video."""
    reply = await http.post("/analyze/url", json={"url": video, "platform": "midjourney"})
    analysis = reply.raise_for_status().json()["id"]
    for _ in range(200):
        result = (await http.get(f"/analyze/{analysis}")).json()
        if result.get("status") == "completed":
            return result["prompt"]["full"]
        if result.get("status") == "failed":
            break
        await asyncio.sleep(0)
    return "no prompt"


async def main(videos: list) -> None:
    headers = {"Authorization": f"Bearer {os.environ['VIDEOTOPROMPT_API_KEY']}"}
    async with httpx2.AsyncClient(base_url=os.environ["VIDEOTOPROMPT_BASE_URL"], headers=headers) as http:
        print(*await asyncio.gather(*(prompt(http, video) for video in videos)), sep="\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
