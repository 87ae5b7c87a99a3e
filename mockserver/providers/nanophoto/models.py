"""The models of NanoPhoto's requests and replies."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from mockserver.content.videos import youtube_id
from mockserver.kit.models import Body, Shape
from mockserver.providers.nanophoto.codes import Code
from mockserver.providers.nanophoto.links import is_video_url

Source = Literal["youtube", "url", "file"]
Locale = Literal["en", "zh", "zh-TW", "ja", "ko", "es", "fr", "de", "pt", "ru", "ar"]
LONGEST_URL = 2_048
FIELDS = frozenset(("videoSource", "locale", "videoUrl", "videoFile", "videoFileName"))

# The conditional fields (FACTS section 3) as JSON Schema, for the documents. Requests are checked by the validators.
# A Base64 text whose fifth to eighth byte are `ftyp` has these characters in these places.
_BOX = "[A-Za-z0-9+/]{5}[GWm2]Z0eX[ABCD][A-Za-z0-9+/]"
_PATTERNS = {
    "youtube": r"^https?://((www\.|m\.|music\.)?youtube\.com/(watch\?v=|shorts/)|youtu\.be/)[A-Za-z0-9_-]{1,64}$",
    "url": r"^https?://[A-Za-z0-9.-]*[A-Za-z0-9](/[A-Za-z0-9._~-]*)*/[A-Za-z0-9._~-]*\.mp4$",
    "file": rf"^(data:video/mp4;base64,)?{_BOX}([A-Za-z0-9+/]{{4}})*$",
}


def _conditional(schema: dict[str, Any]) -> None:
    schema["oneOf"] = [
        {
            "title": source,
            "properties": {"videoSource": {"const": source}, field: {"type": "string", "pattern": _PATTERNS[source]}},
            "required": ["videoSource", field],
        }
        for source, field in (("youtube", "videoUrl"), ("url", "videoUrl"), ("file", "videoFile"))
    ]


class ReversePrompt(Body):
    """A video to turn into prompts, given by a link or sent in Base64."""

    # Fields have one name each. The names in Python are not accepted.
    model_config = ConfigDict(populate_by_name=False, json_schema_extra=_conditional)

    source: Source = Field(alias="videoSource", description="where the video comes from")
    locale: Locale = Field(default="en", description="the language of the analysis")
    url: Annotated[str, Field(max_length=LONGEST_URL)] | None = Field(
        default=None, alias="videoUrl", description="a YouTube link for `youtube`, a direct .mp4 URL for `url`"
    )
    file: str | None = Field(
        default=None, alias="videoFile", description="an MP4 file of at most 30 MB in Base64, plain or as a data URL"
    )
    file_name: Annotated[str, Field(max_length=1_000)] | None = Field(
        default=None, alias="videoFileName", description="the name of the file"
    )

    @model_validator(mode="after")
    def _source_is_given(self) -> "ReversePrompt":
        if self.source == "file":
            if not self.file:
                raise PydanticCustomError("INVALID_INPUT", "videoFile is required when videoSource is file")
            return self
        if not self.url:
            raise PydanticCustomError(
                "INVALID_INPUT", "videoUrl is required when videoSource is {source}", {"source": self.source}
            )
        if self.source == "youtube" and youtube_id(self.url) is None:
            raise PydanticCustomError("INVALID_YOUTUBE_URL", "videoUrl is not the address of a YouTube video")
        if self.source == "url" and not is_video_url(self.url):
            raise PydanticCustomError("INVALID_VIDEO_URL", "videoUrl is not the address of an .mp4 file")
        return self


class Error(Shape):
    """Every error, whatever its status."""

    success: Literal[False]
    error: str = Field(description="a message for people")
    code: Code = Field(alias="errorCode")
