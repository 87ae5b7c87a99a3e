"""The stages that a job passes, by its mode, and how its status is spelled."""

from collections.abc import Sequence

from mockserver.core.jobs import State

RESOLVING, PROBING = "resolving_source", "probing"
_BEGIN = (RESOLVING, PROBING)
_AUDIO = ("extracting_audio", "transcribing_audio")
_FRAMES = ("extracting_frames",)
_END = ("ai_request",)


def stages(mode: str, *, heard: bool) -> Sequence[str]:
    """What a job passes between `queued` and its end (FACTS section 4, stages).

    A `vision` job whose transcription was asked for passes what `vision_audio` does.
    """
    return (*_BEGIN, *(_AUDIO if heard else ()), *(() if mode == "audio" else _FRAMES), *_END)


def status(state: State) -> str:
    """The status as it is told: the stage while the job runs. A cancelled job has failed."""
    if state.status == "running":
        return state.step.stage or PROBING
    return "failed" if state.status == "cancelled" else state.status
