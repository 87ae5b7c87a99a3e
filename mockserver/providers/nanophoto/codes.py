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
    "PROMPT_REQUIRED",
    "INVALID_PROMPT",
    "IMAGE_REQUIRED",
    "MISSING_INPUT_IMAGE",
    "IMAGE_URLS_REQUIRED",
    "TOO_MANY_IMAGES",
    "SHOTS_REQUIRED",
    "INVALID_IMAGE_COUNT",
    "TASK_ID_REQUIRED",
    "TASK_IDS_REQUIRED",
    "TASK_NOT_FOUND",
    "NOT_FOUND",
    "FORBIDDEN",
    "CREDIT_RESERVATION_FAILED",
    "MISSING_SHARE_LINK",
    "INVALID_SHARE_LINK",
    "GENERATION_FAILED",
]

PREFIX = "nanophoto:"

# The message of these is always the same. For the others, checks have more specific messages.
_FIXED = (
    "LOGIN_REQUIRED",
    "API_KEY_RATE_LIMIT_EXCEEDED",
    "INSUFFICIENT_CREDITS",
    "INVALID_YOUTUBE_URL",
    "INVALID_VIDEO_URL",
    "FILE_TOO_LARGE",
    "VIDEO_DOWNLOAD_FAILED",
    "AI_SERVICE_ERROR",
    "SERVICE_UNAVAILABLE",
    "INTERNAL_ERROR",
)
_DOCUMENTED = {
    "LOGIN_REQUIRED": (401, "A valid API key is required"),
    "API_KEY_RATE_LIMIT_EXCEEDED": (
        429,
        "This API key has used up its 100 requests of the hour. Write to support@nanophoto.ai for a higher limit",
    ),
    "INSUFFICIENT_CREDITS": (402, "There are not enough credits for this request"),
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
    "PROMPT_REQUIRED": (400, "A prompt is required"),
    "INVALID_PROMPT": (400, "The prompt is missing or empty"),
    "IMAGE_REQUIRED": (400, "imageToVideo needs an image in imageUrls"),
    "MISSING_INPUT_IMAGE": (400, "edit needs an image in inputImageUrls"),
    "IMAGE_URLS_REQUIRED": (400, "Images must be given as public URLs"),
    "TOO_MANY_IMAGES": (400, "There are too many input images"),
    "SHOTS_REQUIRED": (400, "shots must have at least one shot"),
    "INVALID_IMAGE_COUNT": (400, "The number of images does not fit the generationType"),
    "TASK_ID_REQUIRED": (400, "taskId is required"),
    "TASK_IDS_REQUIRED": (400, "taskIds is required"),
    "TASK_NOT_FOUND": (404, "There is no such task"),
    "NOT_FOUND": (404, "There is no such generation"),
    "FORBIDDEN": (403, "This generation belongs to another account"),
    "CREDIT_RESERVATION_FAILED": (500, "The credits could not be reserved"),
    "MISSING_SHARE_LINK": (400, "share_link is required"),
    "INVALID_SHARE_LINK": (400, "share_link must contain sora.chatgpt.com/p/"),
    "GENERATION_FAILED": (500, "The generation failed"),
}
CODES: Mapping[str, Error] = {
    code: Error(message, status, code, fixed=code in _FIXED) for code, (status, message) in _DOCUMENTED.items()
}
_INPUT, _LOGIN = CODES["INVALID_INPUT"], CODES["LOGIN_REQUIRED"]
_MALFORMED = _INPUT._replace(ledger_rows=("rule.malformed_body",))

# 405, 413 and 415 are not documented, and 403 and 404 only for operations on jobs, which declare their codes. Elsewhere
# these have the most similar code, and separate rows in the ledger.
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
