"""Answer prompts about audio files: /api/v1/extract-audio, and the list of their formats."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import ConfigDict, Field

from mockserver.core.faults import Refusal
from mockserver.kit.operations import Documented, Operation, Reply
from mockserver.providers.dumplingai import models, patterns
from mockserver.providers.dumplingai.answers import answered
from mockserver.providers.dumplingai.declare import ERRORS, v1
from mockserver.providers.dumplingai.formats import ending
from mockserver.providers.dumplingai.inputs import Input, Prompt, WithFiles, by_method, look_at
from mockserver.providers.dumplingai.work import Task
from mockserver.wire.exchange import Exchange

SUPPORTED = ("wav", "mp3", "aiff", "aac", "ogg", "flac")
_BASE, _PER_MINUTE, _A_MINUTE = 100, 20, 60_000
_SHORTEST, _LONGEST = 20_000, 1_800_000
_LIMIT = 34_200_000  # milliseconds


@cache
def _urls() -> Mapping[str, Any]:
    return {"pattern": patterns.url_of(SUPPORTED), "maxLength": patterns.LONGEST_URL}


class ExtractAudio(WithFiles):
    """An audio file and a prompt."""

    model_config = ConfigDict(json_schema_extra=by_method("audio", _urls))

    audio: str = Field(description="a public URL for `url`, the content of the file for `base64`")
    prompt: Prompt
    json_mode: bool = Field(default=False, alias="jsonMode", description="true: `results` is a string of JSON")


async def extract_audio(exchange: Exchange, body: ExtractAudio) -> Task:
    """Return the answer to a prompt about an audio file."""
    audio = await look_at(body.input_method, body.audio, "audio")
    extension = ending(audio.url) if audio.url else None
    if extension is not None and extension not in SUPPORTED:
        message = f"Unsupported audio format: {extension}. Supported formats: {', '.join(SUPPORTED)}"
        raise Refusal("invalid_request", message, row="unsupported_format")
    duration = duration_of(exchange, audio)
    if duration > _LIMIT:
        raise Refusal("invalid_request", "The audio lasts longer than the maximum of 34200 seconds", row="too_long")
    credits = cost(duration)
    text = answered(exchange, "audio", audio, body.prompt, duration / 1000, as_json=body.json_mode)
    reply = {"results": text, "prompt": body.prompt, "audioDuration": duration / 1000, "creditUsage": credits}
    return Task(credits, reply, audio.rows)


def cost(duration: int) -> int:
    """Return the cost in credits of an audio file of `duration` milliseconds."""
    return _BASE + -(-duration // _A_MINUTE) * _PER_MINUTE


def duration_of(exchange: Exchange, audio: Input) -> int:
    """Return the length in milliseconds: that of a WAV file, or one that depends on the URL or the content."""
    data = audio.data
    if data is not None and data[:4] == b"RIFF" and data[8:16] == b"WAVEfmt " and len(data) > 44:
        # Bytes 28 to 31 are the number of bytes of a second.
        rate = int.from_bytes(data[28:32], "little")
        return (len(data) - 44) * 1000 // rate if rate else 0
    return exchange.seeded.integer(_SHORTEST, _LONGEST, "dumplingai", "audio", audio.mark)


async def list_audio_formats(exchange: Exchange) -> Reply:
    """GET /api/v1/extract-audio."""
    return Reply(body={"supportedFormats": SUPPORTED})


_LIST = Operation(
    "list_audio_formats", "GET", "/api/v1/extract-audio", list_audio_formats, "List the formats of audio files",
    ERRORS.beside({200: Documented("The formats", models.Formats, example={"supportedFormats": list(SUPPORTED)})}),
    ledger_rows=("rule.formats_reply",), tag="Documents",
)  # fmt: skip

OPERATIONS = (v1("extract_audio", extract_audio, ExtractAudio, listed=(_LIST,)),)
