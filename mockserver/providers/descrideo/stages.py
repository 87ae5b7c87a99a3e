"""The states of jobs, and the stages of running jobs by their mode."""

from collections.abc import Mapping, Sequence

from mockserver.core.plans import Status

RESOLVING, PROBING = "resolving_source", "probing"
_BEGIN = (RESOLVING, PROBING)
_AUDIO = ("extracting_audio", "transcribing_audio")
_FRAMES = ("extracting_frames",)
_END = ("ai_request",)

STAGES = (*_BEGIN, *_AUDIO, *_FRAMES, *_END)
# A running job whose plan has no stages is probing. A cancelled job has failed.
STATES: Mapping[Status, str] = {
    "queued": "queued",
    "running": PROBING,
    "succeeded": "succeeded",
    "failed": "failed",
    "cancelled": "failed",
}


def stages(mode: str, *, transcribed: bool) -> Sequence[str]:
    """Return the stages of a job between `queued` and its end (FACTS section 4, stages).

    A `vision` job with transcription has those of `vision_audio`.
    """
    return (*_BEGIN, *(_AUDIO if transcribed else ()), *(() if mode == "audio" else _FRAMES), *_END)
