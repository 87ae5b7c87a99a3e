"""The requests about Veo's shots: up to 21 of them, each with the images that its type takes."""

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from mockserver.kit.operation_rows import OWN_LIMIT
from mockserver.providers.nanophoto.bodies import Prompt, PublicUrl, Request, check_urls, conditional, is_empty

MOST_SHOTS = 21
# How many images each type of generation takes.
_IMAGES = {"TEXT_2_VIDEO": (0, 0), "FIRST_AND_LAST_FRAMES_2_VIDEO": (1, 2), "REFERENCE_2_VIDEO": (1, 3)}
Resolution = Literal["720p", "1080p", "4k"]


def _typed(kind: str, low: int, high: int) -> dict[str, Any]:
    images = {"type": "array", "minItems": low, "maxItems": high} if low else {"enum": [None, []]}
    return {
        "title": kind,
        "properties": {"generationType": {"const": kind}, "imageUrls": images},
        "required": ["generationType", *(["imageUrls"] if low else [])],
    }


class Shot(Request):
    """One shot, of eight seconds."""

    model_config = ConfigDict(json_schema_extra=conditional(*(_typed(kind, *each) for kind, each in _IMAGES.items())))

    id: Annotated[str, Field(min_length=1, max_length=200, description="unique in the request"), OWN_LIMIT]
    prompt: Prompt
    kind: Literal["TEXT_2_VIDEO", "FIRST_AND_LAST_FRAMES_2_VIDEO", "REFERENCE_2_VIDEO"] = Field(alias="generationType")
    aspect: Literal["16:9", "9:16"] = Field(alias="aspectRatio")
    image_urls: list[PublicUrl] | None = Field(default=None, alias="imageUrls", description="as the type needs them")

    @model_validator(mode="before")
    @classmethod
    def _has_a_prompt_and_its_images(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        if is_empty(data.get("prompt")):
            raise PydanticCustomError("PROMPT_REQUIRED", "every shot needs a prompt")
        urls, kind = data.get("imageUrls"), data.get("generationType")
        check_urls(urls, "imageUrls")
        if isinstance(kind, str) and kind in _IMAGES and (urls is None or isinstance(urls, list)):
            low, high = _IMAGES[kind]
            if not low <= len(urls or ()) <= high:
                raise PydanticCustomError("INVALID_IMAGE_COUNT", _count_text(kind, low, high))
        return data


def _count_text(kind: str, low: int, high: int) -> str:
    return f"{kind} needs {low} to {high} images in imageUrls" if high else f"{kind} takes no images"


class Film(Request):
    """Shots to make with Veo 3.1. 1080p and 4k are for a single shot. The id of each shot must be unique."""

    needed: ClassVar[Mapping[str, str]] = {"shots": "SHOTS_REQUIRED"}
    model_config = ConfigDict(
        json_schema_extra=conditional(
            {"title": "720p", "properties": {"resolution": {"const": "720p"}}},
            {
                "title": "single shot",
                "properties": {"resolution": {"enum": ["1080p", "4k"]}, "shots": {"maxItems": 1}},
                "required": ["resolution"],
            },
        )
    )

    shots: Annotated[list[Shot], Field(min_length=1, max_length=MOST_SHOTS)]
    resolution: Resolution = "720p"

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        twice = [name for name, count in Counter(shot.id for shot in self.shots).items() if count > 1]
        if twice:
            raise ValueError(f"shots: the id of each shot must be unique, and {twice[0][:60]!r} occurs twice")
        if self.resolution != "720p" and len(self.shots) > 1:
            raise ValueError(f"resolution: {self.resolution} is for a single shot")
        return self


class ShotId(Request):
    """A shot to look at."""

    shot_id: Annotated[str, Field(max_length=200), OWN_LIMIT] = Field(alias="shotId")
    task_id: Annotated[str, Field(max_length=200), OWN_LIMIT] = Field(alias="taskId")


class FilmStatus(Request):
    """Shots to look at."""

    needed: ClassVar[Mapping[str, str]] = {"taskIds": "TASK_IDS_REQUIRED"}
    task_ids: Annotated[list[ShotId], Field(min_length=1, max_length=100), OWN_LIMIT] = Field(alias="taskIds")
    resolution: Resolution = "720p"


def prompts_of(data: Any) -> str | None:
    """Return the `input` for rules: the prompts of all shots, each on a line."""
    shots = data.get("shots") if isinstance(data, dict) else None
    texts = [shot["prompt"] for shot in shots or () if isinstance(shot, dict) and isinstance(shot.get("prompt"), str)]
    return "\n".join(texts) if texts else None
