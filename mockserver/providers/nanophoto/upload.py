"""Videos in Base64. They are read in pieces, so that other requests do not wait for a large one."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

from mockserver.clock import let_others_run
from mockserver.core.faults import Refusal
from mockserver.media.encoded import decoded
from mockserver.media.reader import VideoProbe

# 30 MB before Base64 (documented), as binary megabytes. For files that are larger in decimal ones, this is assumed.
LARGEST = 30 * 1_048_576
_LARGEST_IN_DECIMAL = 30 * 1_000_000
_LONGEST_PREFIX = 200
_SHOWN_PREFIX = "data:video/mp4;base64,"
# The number of characters that are searched for line breaks at a time, which takes a few milliseconds.
_COUNTED = 4 * 1_048_576
# The code is documented for files that are not MP4, not for texts that are not Base64.
_NO_BASE64 = ("rule.no_base64",)


@dataclass(frozen=True, slots=True)
class Uploaded:
    """An uploaded video. `mark` is the same for the same video. `duration_ms` is None if it cannot be read.

    `ledger_rows` are the rows of the ledger for what is not documented about it.
    """

    size: int
    duration_ms: int | None
    mark: str
    ledger_rows: tuple[str, ...] = ()


async def inspect(text: str) -> Uploaded:
    """Return the facts about the video in `text`, plain Base64 or a data URL (RFC 2397).

    Raises Refusal `nanophoto:FILE_TOO_LARGE` without decoding anything, and `nanophoto:INVALID_FORMAT` for what is not
    Base64 or has no `ftyp` box at its start.
    """
    start = _start(text)
    if await _is_larger(text, start):
        raise Refusal("nanophoto:FILE_TOO_LARGE")
    probe, mark = VideoProbe(), ""
    try:
        for piece in decoded(text, start):
            mark = mark or _mark(piece)
            probe.feed(piece)
            await let_others_run()
    except ValueError:
        raise Refusal("nanophoto:INVALID_FORMAT", "videoFile is not Base64", ledger_rows=_NO_BASE64) from None
    facts = probe.finish()
    if not facts.size:
        raise Refusal("nanophoto:INVALID_FORMAT", "videoFile is empty")
    return Uploaded(facts.size, facts.duration_ms, f"{facts.size}:{mark}", tuple(_rows_of(text, start, facts.size)))


def _rows_of(text: str, start: int, size: int) -> Iterator[str]:
    # The length of Base64 by RFC 4648. It differs with white space or without padding.
    if len(text) - start != -(-size // 3) * 4 or (start and text[:start] != _SHOWN_PREFIX):
        yield "rule.forgiving_base64"
    if size > _LARGEST_IN_DECIMAL:
        yield "rule.binary_megabytes"


def _start(text: str) -> int:
    if text[:5].lower() != "data:":
        return 0
    comma = text.find(",", 0, _LONGEST_PREFIX)
    if comma < 0 or not text[:comma].lower().endswith(";base64"):
        message = "videoFile is a data URL that is not in Base64"
        raise Refusal("nanophoto:INVALID_FORMAT", message, ledger_rows=_NO_BASE64)
    return comma + 1


async def _is_larger(text: str, start: int) -> bool:
    """Return whether `text` is too large after decoding, by its length and its line breaks."""
    length = len(text) - start
    if length * 3 // 4 <= LARGEST:
        return False
    length -= text[-8:].count("=")
    for at in range(start, len(text), _COUNTED):
        length -= text.count("\n", at, at + _COUNTED) + text.count("\r", at, at + _COUNTED)
        await let_others_run()
    return length * 3 // 4 > LARGEST


def _mark(head: bytes) -> str:
    # ISO 14496-12, section 4.3: the size of the first box, then its kind.
    if head[4:8] != b"ftyp":
        raise Refusal("nanophoto:INVALID_FORMAT", "videoFile is not an MP4 file: it does not begin with an ftyp box")
    return blake2b(head, digest_size=16).hexdigest()
