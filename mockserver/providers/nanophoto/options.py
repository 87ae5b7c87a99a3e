"""NanoPhoto's options in scenarios, for what its pages leave open or contradict."""

from typing import Literal

from pydantic import Field

from mockserver.core.scenario import DurationMs
from mockserver.kit.models import ProviderOptions


class Options(ProviderOptions):
    """Options of a scenario for NanoPhoto only."""

    lenient: bool = Field(
        default=False,
        description="true: values that are not documented count as documented ones, and `imageToVideo` needs no image "
        "in generate-prompt; false: both are refused",
    )
    polls_not_counted: bool = Field(
        default=False, description="true: status requests do not count against the hourly limit; false: they do"
    )
    failed_poll: Literal[200, 500] = Field(
        default=200,
        description="the status of the reply about a failed job: 200 with its state, or 500 with GENERATION_FAILED",
    )
    image_failure_code: bool = Field(
        default=False, description="true: the state of a failed image has an errorCode; false: as in the example, none"
    )
    watermark_credits: int = Field(default=0, ge=0, le=1_000, description="what remove-watermark costs, in credits")
    task_lifetime: DurationMs | None = Field(
        default=None, description="how long after its creation a job can be polled; default: always"
    )
