"""NanoPhoto's errors: code, HTTP status and message."""

from collections.abc import Mapping
from typing import Literal

from mockserver.kit.errors import Error

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

# The checks have more specific messages for these.
_EXPLAINED = ("INVALID_INPUT", "INVALID_FORMAT")
_DOCUMENTED = {
    "LOGIN_REQUIRED": (401, "A valid API key is required"),
    "API_KEY_RATE_LIMIT_EXCEEDED": (429, "This API key has used up its requests of the hour"),
    "INSUFFICIENT_CREDITS": (402, "There are not enough credits for this analysis"),
    "INVALID_INPUT": (400, "A required parameter is missing or has a value that is not supported"),
    "INVALID_YOUTUBE_URL": (400, "videoUrl is not the address of a YouTube video"),
    "INVALID_VIDEO_URL": (400, "videoUrl is not the address of an .mp4 file"),
    "INVALID_FORMAT": (400, "videoFile is not an MP4 file in Base64"),
    "FILE_TOO_LARGE": (400, "The video is larger than 30 MB"),
    "VIDEO_DOWNLOAD_FAILED": (400, "The video could not be downloaded"),
    "VIDEO_PROCESSING_FAILED": (422, "The video could not be processed"),
    "AI_SERVICE_ERROR": (503, "The AI service cannot be reached at the moment"),
    "SERVICE_UNAVAILABLE": (503, "The service is not available at the moment"),
    "INTERNAL_ERROR": (500, "Something went wrong on the server"),
}
CODES: Mapping[str, Error] = {
    code: Error(message, status, code, fixed=code not in _EXPLAINED) for code, (status, message) in _DOCUMENTED.items()
}
_INPUT, _LOGIN = CODES["INVALID_INPUT"], CODES["LOGIN_REQUIRED"]
_MALFORMED = _INPUT._replace(ledger_rows=("rule.malformed_body",))

# 403, 404, 405, 413 and 415 are not documented. They have the most similar code, and separate rows in the ledger.
ERRORS: Mapping[str, Error] = {
    **CODES,
    "unauthorized": _LOGIN,
    "forbidden": _LOGIN,
    "not_found": Error("There is nothing at this path", 404, "INVALID_INPUT", row="not_found", fixed=True),
    "method_not_allowed": Error(
        "This path accepts POST only", 405, "INVALID_INPUT", row="method_not_allowed", fixed=True
    ),
    "invalid_request": _INPUT,
    "malformed": _MALFORMED,
    "not_an_object": _MALFORMED,
    "too_large": CODES["FILE_TOO_LARGE"]._replace(row="too_large"),
    "unsupported_media_type": _INPUT._replace(row="unsupported_media_type"),
    "insufficient_credits": CODES["INSUFFICIENT_CREDITS"],
    "rate_limited": CODES["API_KEY_RATE_LIMIT_EXCEEDED"],
    "overloaded": CODES["SERVICE_UNAVAILABLE"],
    "server_error": CODES["INTERNAL_ERROR"],
}
