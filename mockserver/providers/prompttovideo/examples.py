"""Examples of PromptToVideo's requests and replies, for the documents."""

from typing import Any

PROMPT = "A beautiful sunset over the ocean"
_CREATED, _DONE = "2024-01-15T10:30:00Z", "2024-01-15T10:35:00Z"
_LINKS: dict[str, Any] = {
    "video_url": "http://localhost:8080/prompttovideo/storage/videos/123-5d0f4c.mp4",
    "duration": 30,
    "thumbnail_url": "http://localhost:8080/prompttovideo/storage/thumbnails/123-5d0f4c.png",
}

REQUESTS = {
    "free": {"prompt": PROMPT, "quality": "free"},
    "premium": {"prompt": PROMPT, "quality": "premium"},
    "magic: the render fails": {"prompt": f"{PROMPT}, mock-fail"},
}
GENERATED = {
    "success": True,
    "video_id": 123,
    "status": "pending",
    "credits_remaining": 15,
    "queue_position": 5,
    "estimated_wait_time": 25,
}
STATUS = {
    "video_id": 123,
    "status": "completed",
    "prompt": PROMPT,
    "quality": "free",
    "created_at": _CREATED,
    "updated_at": _DONE,
    **_LINKS,
    "completed_at": _DONE,
}
LIST = {
    "videos": [
        {
            "id": 123,
            "prompt": PROMPT,
            "quality": "360p",
            "status": "completed",
            "created_at": _CREATED,
            "updated_at": _DONE,
            **_LINKS,
        }
    ],
    "pagination": {"page": 1, "per_page": 20, "total": 45, "pages": 3, "has_next": True, "has_prev": False},
}
RATE_LIMIT_INFO = {"tier": "pro", "limit": 1000, "used": 45, "remaining": 955, "reset_time": "2024-01-16T00:00:00Z"}
ACCOUNT = {
    "user_id": 456,
    "email": "user@example.com",
    "credits": 25,
    "subscription_tier": "pro",
    "rate_limit_info": RATE_LIMIT_INFO,
    "created_at": "2024-01-01T00:00:00Z",
}
QUEUE = {
    "user_videos": [
        {
            "video_id": 123,
            "prompt": PROMPT,
            "quality": "360p",
            "position": 5,
            "estimated_wait_minutes": 25,
            "queued_at": _CREATED,
        }
    ],
    "queue_stats": {"total_pending": 45, "currently_processing": 3, "user_pending_count": 2},
}
BAD_REQUEST = {"error": "Prompt is required"}
UNAUTHORIZED = {"error": "Invalid token"}
OUT_OF_CREDITS = {"error": "Insufficient credits", "required": 3, "available": 1}
NOT_FOUND = {"error": "Video not found"}
OVER_QUOTA = {
    "error": "Rate limit exceeded",
    "rate_limit_info": {**RATE_LIMIT_INFO, "used": 1000, "remaining": 0},
}
