"""The states of a job, and the stages that it passes while it runs, by its mode."""

from collections.abc import Mapping, Sequence

from mockserver.core.plans import Status

RESOLVING, PROBING = "resolving_source", "probing"
_BEGIN = (RESOLVING, PROBING)
_AUDIO = ("extracting_audio", "transcribing_audio")
_FRAMES = ("extracting_frames",)
_END = ("ai_request",)

STAGES = (*_BEGIN, *_AUDIO, *_FRAMES, *_END)
# A job that runs without a stage is in an early one; a cancelled job has failed.
STATES: Mapping[Status, str] = {
    "queued": "queued",
    "running": PROBING,
    "succeeded": "succeeded",
    "failed": "failed",
    "cancelled": "failed",
}


def stages(mode: str, *, heard: bool) -> Sequence[str]:
    """The stages of a job between `queued` and its end (FACTS section 4, stages).

    A `vision` job whose transcription was asked for has those of `vision_audio`.
    """
    return (*_BEGIN, *(_AUDIO if heard else ()), *(() if mode == "audio" else _FRAMES), *_END)
