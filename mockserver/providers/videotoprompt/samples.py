"""Examples of VideoToPrompt's requests, replies and webhooks, for the documents."""

from collections.abc import Mapping
from typing import Any

from mockserver.kit.operations import Event
from mockserver.providers.videotoprompt import models

_VIDEO = "https://www.youtube.com/watch?v=EXAMPLE"

ANALYSES = {
    "stretch": {
        "url": _VIDEO,
        "platform": "stable-diffusion",
        "style_depth": "detailed",
        "timestamp_start": 30,
        "timestamp_end": 90,
    },
    "least": {"url": _VIDEO},
}
BATCHES = {
    "three": {
        "analyses": [
            {"url": "https://example.com/video1.mp4", "platform": "midjourney"},
            {"url": "https://example.com/video2.mp4", "platform": "dalle3"},
            {"url": "https://youtube.com/watch?v=ABC", "platform": "stable-diffusion"},
        ],
        "webhook_url": "https://your-server.com/batch-complete",
    }
}
_PROMPT = {
    "text": "A narrow street above the sea at dusk",
    "negative": "blurry, low quality",
    "parameters": "--ar 16:9 --v 6 --style raw",
    "full": "A narrow street above the sea at dusk --ar 16:9 --v 6 --style raw",
    "style_analysis": {
        "dominant_colors": ["#F4A261", "#2A9D8F", "#264653"],
        "lighting": "golden hour",
        "mood": "nostalgic",
        "camera": "wide angle",
    },
}
COMPLETED = {
    "id": "ana_abc123",
    "status": "completed",
    "created_at": "2025-06-01T12:00:00Z",
    "completed_at": "2025-06-01T12:00:15Z",
    "platform": "midjourney",
    "prompt": _PROMPT,
}
_BATCH = {
    "id": "bat_abc123",
    "status": "completed",
    "created_at": "2025-06-01T12:00:00Z",
    "completed_at": "2025-06-01T12:00:15Z",
    "analyses": [COMPLETED],
}


def _body(event: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return {"event": event, "timestamp": "2025-06-01T12:00:15Z", "data": data}


EVENTS = {
    "analysis.completed": Event(
        "An analysis is completed",
        models.AnalysisCompleted,
        example=_body("analysis.completed", {"id": "ana_abc123", "prompt": _PROMPT}),
    ),
    "analysis.failed": Event(
        "An analysis has failed",
        models.AnalysisFailed,
        example=_body("analysis.failed", {"id": "ana_abc123", "error": "The video could not be analyzed"}),
    ),
    "batch.completed": Event(
        "All analyses of a batch have ended",
        models.BatchCompleted,
        example=_body("batch.completed", _BATCH),
    ),
}
