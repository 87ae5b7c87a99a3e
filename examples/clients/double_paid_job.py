"""Generate a video with PromptToVideo (requests). The mistake: every failed request is sent again, paid ones too.

If the reply to a submission is lost, the video exists and is paid for, and the second submission pays for another one.
"""

import os
import sys
import time

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

EVERY = float(os.environ.get("EVERY", "5"))


def session() -> requests.Session:
    """Return a session that sends failed requests again."""
    retry = Retry(total=3, allowed_methods=None, status_forcelist=(500, 502, 503), backoff_factor=EVERY / 5)
    http = requests.Session()
    http.mount("http://", HTTPAdapter(max_retries=retry))
    http.headers["Authorization"] = f"Bearer {os.environ['PROMPTTOVIDEO_API_KEY']}"
    return http


def main(prompt: str) -> int:
    base = os.environ["PROMPTTOVIDEO_BASE_URL"]
    with session() as http:
        video = http.post(f"{base}/api/v1/generate", json={"prompt": prompt}, timeout=10).json()["video_id"]
        for _ in range(100):
            status = http.get(f"{base}/api/v1/video/{video}/status", timeout=10).json()
            if status["status"] in ("completed", "failed"):
                break
            time.sleep(EVERY)
        if status["status"] != "completed":
            return 1
        print(len(http.get(status["video_url"], timeout=10).content))
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
