# ruff: noqa: T201, TID251 — it is a program of its own.
"""A script as the publisher's agent skills have them, for tests: starts jobs at nanophoto.ai, polls and downloads.

It sends the documented fields with the headers of a browser, looks at `status`, and gives up at any HTTP error.
"""

import json
import sys
import time
import urllib.error
import urllib.request

API = "https://nanophoto.ai/api"
HEADERS = {
    "Content-Type": "application/json",
    "Authorization": "Bearer any-key",
    "User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36",
    "Accept": "application/json, text/plain, */*",
    "Origin": "https://nanophoto.ai",
    "Referer": "https://nanophoto.ai/",
}


def call(path, payload):
    request = urllib.request.Request(f"{API}/{path}", json.dumps(payload).encode(), HEADERS)
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.read().decode()
    except urllib.error.HTTPError as error:
        sys.exit(f"HTTP {error.code}: {error.read().decode()}")


def follow(path, payload, every):
    while True:
        time.sleep(every)
        body = json.loads(call(path, payload))
        if body.get("status") == "completed":
            return body
        if body.get("status") == "failed" or body.get("success") is False:
            sys.exit(f"Generation failed: {body}")


def download(url):
    with urllib.request.urlopen(url, timeout=60) as reply:
        return f"{url.rpartition('/')[0]} {reply.headers['Content-Type']} {len(reply.read()) > 1_000}"


def main(every):
    video = {"prompt": "A dog on a beach", "mode": "textToVideo", "modelTier": "sora2", "aspectRatio": "portrait",
             "videoDuration": "10"}  # fmt: skip
    task = json.loads(call("sora-2/generate", video))["taskId"]
    print("sora-2", download(follow("sora-2/check-status", {"taskId": task}, every)["videoUrl"]))

    image = {"prompt": "A city at sunset", "mode": "generate", "aspectRatio": "16:9", "imageQuality": "1K"}
    for name, more in (("nano-banana-pro", {}), ("nano-banana-2", {"googleSearch": False})):
        job = json.loads(call(f"{name}/generate", {**image, **more}))["generationId"]
        print(name, download(follow(f"{name}/check-status", {"generationId": job}, every)["imageUrl"]))

    shots = [{"id": f"shot-{n}", "prompt": "A dog", "generationType": "TEXT_2_VIDEO", "aspectRatio": "16:9"}
             for n in (1, 2)]  # fmt: skip
    started = json.loads(call("veo-3/generate", {"shots": shots, "resolution": "720p"}))
    ids = [{"shotId": shot["shotId"], "taskId": shot["taskId"]} for shot in started["shots"]]
    done = follow("veo-3/check-status", {"taskIds": ids, "resolution": "720p"}, every)
    print("veo-3", download(done["videoUrl"]), [shot["status"] for shot in done["shots"]])

    topic = {"topic": "A city at sunset", "mode": "textToVideo", "technique": "pov", "duration": 10,
             "model": "google/gemini-3-flash-preview", "locale": "en"}  # fmt: skip
    print("prompt", call("sora-2/generate-prompt", topic).startswith("# "))

    link = {"share_link": "https://sora.chatgpt.com/p/s_68e83bd7eee88191be79d2ba7158516f"}
    print("watermark", download(json.loads(call("sora/remove-watermark", link))["url"]))


if __name__ == "__main__":
    main(float(sys.argv[1]))
