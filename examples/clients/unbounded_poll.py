"""Turn a video into a prompt with VideoToPrompt (requests). The mistake: a job that never ends is polled for ever."""

import os
import sys
import time

import requests


def main(video: str, sleep=time.sleep) -> int:
    base = os.environ["VIDEOTOPROMPT_BASE_URL"]
    with requests.Session() as http:
        http.headers["Authorization"] = f"Bearer {os.environ['VIDEOTOPROMPT_API_KEY']}"
        submitted = http.post(f"{base}/analyze/url", json={"url": video}, timeout=10)
        if submitted.status_code != 202:
            return 1
        while True:
            reply = http.get(f"{base}/analyze/{submitted.json()['id']}", timeout=10)
            if reply.status_code == 200 and reply.json()["status"] == "completed":
                print(reply.json()["prompt"]["full"])
                return 0
            if reply.status_code == 200 and reply.json()["status"] == "failed":
                return 1
            sleep(60)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
