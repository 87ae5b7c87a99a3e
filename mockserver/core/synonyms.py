"""Other words for statuses and faults, for suggestions: those of providers, of HTTP, and of other tools."""

from collections.abc import Collection

_WORDS = {
    "queued": "pending waiting submitted created accepted scheduled not_started new",
    "running": "processing in_progress progress rendering generating started active working",
    "succeeded": "completed complete done finished success ok ready succeed",
    "failed": "error errored failure rejected refused expired timed_out fail",
    "cancelled": "canceled aborted stopped cancel",
    "latency": "delay delayed slow lag wait late",
    "hang": "timeout time_out timed_out no_reply no_response freeze never",
    "reset": "disconnect drop dropped connection_reset econnreset rst abort connection_error",
    "empty_reply": "empty close closed connection_closed no_body",
    "truncate": "cut cut_off partial incomplete truncated",
    "stall": "pause paused stuck stalled",
    "garble": "corrupt corrupted garbage damaged",
    "slow_drip": "drip throttle trickle slow_body bandwidth",
    "unauthorized": "401 unauthenticated auth invalid_key invalid_api_key",
    "insufficient_credits": "402 payment_required no_credits out_of_credits insufficient_funds quota",
    "forbidden": "403 denied permission_denied",
    "not_found": "404 missing",
    "method_not_allowed": "405",
    "too_large": "413 payload_too_large",
    "unsupported_media_type": "415",
    "invalid_request": "400 422 bad_request validation_error invalid",
    "rate_limited": "429 rate_limit too_many_requests throttled ratelimit",
    "server_error": "500 internal_error internal_server_error 5xx crash",
    "overloaded": "503 502 504 unavailable service_unavailable busy outage bad_gateway",
}


def meant_by(word: str, options: Collection[str]) -> str | None:
    """Return the option that another word stands for, or None."""
    folded = word.casefold().replace("-", "_").replace(" ", "_")
    return next((name for name, words in _WORDS.items() if name in options and folded in words.split()), None)
