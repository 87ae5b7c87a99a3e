"""Generate videos with PromptToVideo (requests). The mistake: it waits ten seconds, and then counts on a refund.

Credits are given back for a video that fails. A video that nobody waits for is finished, charged and not collected.
"""

import os
import sys
import time

import requests

EVERY = float(os.environ.get("EVERY", "5"))


def video(http: requests.Session, base: str, prompt: str) -> bool:
    """Generate one video. Return whether there is one."""
    submitted = http.post(f"{base}/api/v1/generate", json={"prompt": prompt}, timeout=10)
    if submitted.status_code != 200:
        print(submitted.text, file=sys.stderr)
        return False
    for _ in range(2):
        url = f"{base}/api/v1/video/{submitted.json()['video_id']}/status"
        status = http.get(url, timeout=10).json()
        if status.get("status") == "completed":
            print(len(http.get(status["video_url"], timeout=10).content))
            return True
        time.sleep(EVERY)
    print("no video in time; the credits will be given back", file=sys.stderr)
    return False


def main(prompts: list) -> int:
    """Generate a video for each prompt."""
    with requests.Session() as http:
        http.headers["Authorization"] = f"Bearer {os.environ['PROMPTTOVIDEO_API_KEY']}"
        videos = [video(http, os.environ["PROMPTTOVIDEO_BASE_URL"], prompt) for prompt in prompts]
    return 0 if all(videos) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
