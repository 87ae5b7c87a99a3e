"""Generate a video with PromptToVideo (asyncio, httpx2). The mistake: one failed poll ends everything.

The video is finished and charged, and nobody asks for it again.
"""

import asyncio
import os
import sys

import httpx2

EVERY = float(os.environ.get("EVERY", "5"))


async def main(prompt: str) -> int:
    headers = {"Authorization": f"Bearer {os.environ['PROMPTTOVIDEO_API_KEY']}"}
    async with httpx2.AsyncClient(base_url=os.environ["PROMPTTOVIDEO_BASE_URL"], headers=headers) as http:
        reply = await http.post("/api/v1/generate", json={"prompt": prompt})
        if reply.status_code != 200:
            return 1
        while True:
            try:
                status = (await http.get(f"/api/v1/video/{reply.json()['video_id']}/status")).raise_for_status().json()
            except httpx2.HTTPError as error:
                print(f"no video: {error}", file=sys.stderr)
                return 1
            if status["status"] == "completed":
                print(len((await http.get(status["video_url"])).content))
                return 0
            if status["status"] not in ("pending", "processing"):
                return 1
            await asyncio.sleep(EVERY)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1])))
