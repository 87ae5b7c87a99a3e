"""The documented errors of NanoPhoto: code, HTTP status, and a message for people."""

from collections.abc import Mapping
from typing import Literal

Code = Literal[
    "LOGIN_REQUIRED",
    "API_KEY_RATE_LIMIT_EXCEEDED",
    "INSUFFICIENT_CREDITS",
    "INVALID_INPUT",
    "INVALID_YOUTUBE_URL",
    "INVALID_VIDEO_URL",
    "INVALID_FORMAT",
    "FILE_TOO_LARGE",
    "VIDEO_DOWNLOAD_FAILED",
    "VIDEO_PROCESSING_FAILED",
    "AI_SERVICE_ERROR",
    "SERVICE_UNAVAILABLE",
    "INTERNAL_ERROR",
]

PREFIX = "nanophoto:"

STATUS: Mapping[str, int] = {
    "LOGIN_REQUIRED": 401,
    "API_KEY_RATE_LIMIT_EXCEEDED": 429,
    "INSUFFICIENT_CREDITS": 402,
    "INVALID_INPUT": 400,
    "INVALID_YOUTUBE_URL": 400,
    "INVALID_VIDEO_URL": 400,
    "INVALID_FORMAT": 400,
    "FILE_TOO_LARGE": 400,
    "VIDEO_DOWNLOAD_FAILED": 400,
    "VIDEO_PROCESSING_FAILED": 422,
    "AI_SERVICE_ERROR": 503,
    "SERVICE_UNAVAILABLE": 503,
    "INTERNAL_ERROR": 500,
}

MESSAGES: Mapping[str, str] = {
    "LOGIN_REQUIRED": "A valid API key is required",
    "API_KEY_RATE_LIMIT_EXCEEDED": "This API key has used up its requests of the hour",
    "INSUFFICIENT_CREDITS": "There are not enough credits for this analysis",
    "INVALID_INPUT": "A required parameter is missing or has a value that is not supported",
    "INVALID_YOUTUBE_URL": "videoUrl is not the address of a YouTube video",
    "INVALID_VIDEO_URL": "videoUrl is not the address of an .mp4 file",
    "INVALID_FORMAT": "videoFile is not an MP4 file in Base64",
    "FILE_TOO_LARGE": "The video is larger than 30 MB",
    "VIDEO_DOWNLOAD_FAILED": "The video could not be downloaded",
    "VIDEO_PROCESSING_FAILED": "The video could not be processed",
    "AI_SERVICE_ERROR": "The AI service cannot be reached at the moment",
    "SERVICE_UNAVAILABLE": "The service is not available at the moment",
    "INTERNAL_ERROR": "Something went wrong on the server",
}

# How neutral errors are spelled. The page documents no 403, and neither 404 nor 405: those are assumed.
NEUTRAL: Mapping[str, str] = {
    "unauthorized": "LOGIN_REQUIRED",
    "forbidden": "LOGIN_REQUIRED",
    "not_found": "INVALID_INPUT",
    "method_not_allowed": "INVALID_INPUT",
    "invalid_request": "INVALID_INPUT",
    "too_large": "FILE_TOO_LARGE",
    "unsupported_media_type": "INVALID_INPUT",
    "insufficient_credits": "INSUFFICIENT_CREDITS",
    "rate_limited": "API_KEY_RATE_LIMIT_EXCEEDED",
    "overloaded": "SERVICE_UNAVAILABLE",
    "server_error": "INTERNAL_ERROR",
}


def code_of(kind: str) -> str:
    """The code of a neutral kind, or of this provider's own code as a kind (`nanophoto:INVALID_FORMAT`)."""
    code = kind.removeprefix(PREFIX)
    return code if code in STATUS else NEUTRAL.get(kind, "INTERNAL_ERROR")
