"""Examples of Descrideo's bodies, for the documents."""

from typing import Any

JOB_ID = "01JWNJB4G05K8ZQ3XW7R2M9TCD"
_WEBHOOK = {"url": "https://your-app.com/webhooks/video"}
_CONTEXT = {"lang": "en", "output_fields": ["title", "description", "tags"]}
_URL = {"type": "direct_url", "url": "https://example.com/video.mp4"}

LIVE: dict[str, Any] = {
    "direct_url": {
        "source": _URL,
        "frames": 20,
        "generation_mode": "vision",
        "webhook": _WEBHOOK,
        "client_context": _CONTEXT,
    },
    "source_provider": {
        "source": {
            "type": "source_provider",
            "provider": {"url": "https://your-app.com/videos/access", "reference": "video-42"},
        },
        "generation_mode": "audio",
        "transcription": {"segments": 10, "segment_sec": 5},
        "webhook": _WEBHOOK,
    },
}
SANDBOX: dict[str, Any] = {
    "vision": {
        "frames": 10,
        "webhook": _WEBHOOK,
        "client_context": {**_CONTEXT, "custom_instructions": "Focus on technical details"},
    }
}
DEMO: dict[str, Any] = {"direct_url": {"source": _URL, "frames": 10, "webhook": _WEBHOOK, "client_context": _CONTEXT}}

SUCCEEDED: dict[str, Any] = {
    "job_id": JOB_ID,
    "status": "succeeded",
    "result": {
        "title": "A morning above the clouds",
        "description": "Two hikers follow a ridge while the valley below lies in mist.",
        "tags": ["hiking", "mountains", "mist"],
    },
    "billing": {"token_cost": 1.23, "base_cost": 1.0, "transcription_cost": 0.23, "franchise_cost": 0.0},
    "meta": {
        "generation_mode": "vision_audio",
        "transcription": {"enabled": True, "status": "completed", "seconds": 45.5},
    },
    "timing_ms": {"probe": 500, "audio": 3200, "frames": 2100, "ai": 8100, "webhook": 120},
}
FAILED: dict[str, Any] = {
    "job_id": JOB_ID,
    "status": "failed",
    "error": {"code": "source_unreachable", "message": "The video's URL answered 404 instead of 200 or 206"},
    "billing": {"token_cost": 0.0, "base_cost": 0.0, "transcription_cost": 0.0, "franchise_cost": 0.0},
}
