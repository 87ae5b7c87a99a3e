"""Examples of DumplingAI's requests and replies, for the documents. Most are in `operations.json`."""

_URL = "https://example.com/videos/launch-keynote.mp4"
# The start of a WebM file that was recorded by a browser.
_WEBM = "GkXfo59ChoEBQveBAULygQRC84EIQoKEd2VibUKHgQRChYECGFOAZwH/////////"
_PROMPT = "List the products that are shown."

REQUESTS = {
    "url": {"inputMethod": "url", "video": _URL, "prompt": _PROMPT, "jsonMode": False},
    "json": {"inputMethod": "url", "video": _URL, "prompt": _PROMPT, "jsonMode": True, "requestSource": "API"},
    "least": {"inputMethod": "url", "video": _URL, "prompt": _PROMPT},
    "file": {"inputMethod": "base64", "video": _WEBM, "prompt": _PROMPT},
}
EXTRACTED = {
    "results": "A phone, a watch and a pair of headphones.",
    "prompt": _PROMPT,
    "videoDuration": 92.5,
    "creditUsage": 1025,
}
FORMATS = {"supportedFormats": ["mp4", "mpeg", "mov", "avi", "flv", "mpg", "webm", "wmv", "3gpp"]}
TOO_LONG = {"error": "The video lasts longer than the maximum of 1 hour (3600 seconds)"}
INVALID = {"error": "prompt is required"}
UNAUTHORIZED = {"error": "Invalid or missing Authorization header"}
OUT_OF_CREDITS = {"error": "Insufficient credits"}
FAILED = {"error": "Failed to extract video data: the request could not be processed"}
