"""The file of a bundle: a ZIP archive with a manifest and JSON lines.

A bundle comes from somebody else, so it is checked while it is read: nothing is written to disk, no name of a file is
used, and only so many bytes are decompressed as are allowed.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import from_json, to_json

from mockserver.bundle.contents import FORMAT, Bundle, Manifest
from mockserver.bundle.invalid import MAX_BYTES, MIB, InvalidBundle
from mockserver.bundle.records import credits_of, data_of, delivery_of, entry_of, job_of
from mockserver.core.accounts import KnownAccount
from mockserver.core.instants import LATEST

T = TypeVar("T")

# Bytes of all that a bundle contains and of one line; the number of lines of a part, and the depth of a value.
MAX_CONTENTS, MAX_LINE = 128 * MIB, 8 * MIB
MAX_LINES, MAX_DEPTH = 200_000, 64
MANIFEST = "bundle.json"
SCENARIOS, ACCOUNTS, JOURNAL = "scenarios.jsonl", "accounts.jsonl", "journal.jsonl"
JOBS, CREDITS, DELIVERIES = "jobs.jsonl", "credits.jsonl", "deliveries.jsonl"
PARTS = (MANIFEST, SCENARIOS, ACCOUNTS, JOURNAL, JOBS, CREDITS, DELIVERIES)
# Parts with fewer lines: a sandbox has at most 5,000 entries in its journal, and remembers 20 scenarios.
_FEWER_LINES = {SCENARIOS: 20, JOURNAL: 20_000}
# The beginning of the last record of a ZIP archive, and the most bytes of the directory that it has the size of.
_END, _MAX_DIRECTORY = b"PK\x05\x06", 4_096
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_INSTANTS = ("at", "written_at", "created_at", "since", "due_at", "retry_at", "resets_at", "began_at", "now")
# What reading a broken archive raises.
_BROKEN = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error, NotImplementedError, RuntimeError, EOFError,
    OSError, ValueError, OverflowError, LookupError,
)  # fmt: skip
# Files of a ZIP have a date. This is the first that it can have, so that equal sandboxes have equal bundles.
_DATE = (1980, 1, 1, 0, 0, 0)


def packed(bundle: Bundle) -> bytes:
    """Return the bytes of a bundle's file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, lines in _parts(bundle):
            member = zipfile.ZipInfo(name, _DATE)
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, b"".join(line + b"\n" for line in lines))
    return buffer.getvalue()


def _parts(bundle: Bundle) -> Iterator[tuple[str, Iterable[bytes]]]:
    yield MANIFEST, [bundle.manifest.model_dump_json(indent=2).encode()]
    scenarios = bundle.scenarios.items()
    yield SCENARIOS, (to_json({"activation": number, "scenario": data}) for number, data in scenarios)
    accounts = bundle.accounts.items()
    yield (
        ACCOUNTS,
        (to_json({"account": name, "patterns": sorted(each.patterns), "mark": each.mark}) for name, each in accounts),
    )
    yield JOURNAL, (to_json(data_of(each)) for each in bundle.entries)
    yield JOBS, (to_json(data_of(each)) for each in bundle.jobs)
    yield CREDITS, (to_json({"account": name, **data_of(each)}) for name, each in bundle.credits.items())
    yield DELIVERIES, (to_json(data_of(each)) for each in bundle.deliveries)


def unpacked(data: bytes) -> Bundle:
    """Return the bundle in these bytes. Raises InvalidBundle if it is not one, or not safe to read."""
    if len(data) > MAX_BYTES:
        raise InvalidBundle(f"it has {len(data)} bytes; a bundle has at most {MAX_BYTES // MIB} MiB")
    _check_directory(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            texts = _read(archive)
    except InvalidBundle:
        raise
    except _BROKEN as error:
        raise InvalidBundle(f"it is not a ZIP archive that can be read: {error}") from None
    return _bundle(texts)


def _check_directory(data: bytes) -> None:
    """Check the size of the archive's directory, before `zipfile` creates an object for each of its entries."""
    end = data.rfind(_END)
    if end >= 0 and len(data) >= end + 16 and struct.unpack_from("<I", data, end + 12)[0] > _MAX_DIRECTORY:
        raise InvalidBundle(f"it has more than the {len(PARTS)} files of a bundle")


def _read(archive: zipfile.ZipFile) -> dict[str, bytes]:
    members = archive.infolist()
    _check_members(members)
    left, texts = MAX_CONTENTS, {}
    for member in members:
        with archive.open(member) as file:
            # Not more than is allowed, whatever the archive says about the size.
            text = file.read(left + 1)
        left -= len(text)
        if left < 0:
            raise InvalidBundle(f"it has more than {MAX_CONTENTS // MIB} MiB when it is decompressed")
        texts[member.filename] = text
    return texts


def _check_members(members: Sequence[zipfile.ZipInfo]) -> None:
    names = set()
    for member in members:
        # The name that the archive has, before `zipfile` changes it.
        name = member.orig_filename
        if name in names:
            raise InvalidBundle(f"it has two files named {name[:80]!r}")
        names.add(name)
        if "/" in name or "\\" in name or ".." in name or ":" in name or "\0" in name:
            raise InvalidBundle(f"a file in it has a path as its name: {name[:80]!r}")
        if name not in PARTS:
            raise InvalidBundle(f"it has a file that is not part of a bundle: {name[:80]!r}")
        if member.flag_bits & _ENCRYPTED:
            raise InvalidBundle(f"{name} is encrypted")
        if member.compress_type not in _METHODS:
            raise InvalidBundle(f"{name} is compressed by a method that bundles do not use")
    if MANIFEST not in names:
        raise InvalidBundle(f"it has no {MANIFEST}, so it is not a bundle of mockserver")
    if sum(member.file_size for member in members) > MAX_CONTENTS:
        raise InvalidBundle(f"it has more than {MAX_CONTENTS // MIB} MiB when it is decompressed")


def _bundle(texts: Mapping[str, bytes]) -> Bundle:
    manifest = _manifest(texts[MANIFEST])
    scenarios = dict(_lines(texts, SCENARIOS, _scenario))
    if not scenarios:
        raise InvalidBundle(f"{SCENARIOS} has no scenario")
    return Bundle(
        manifest,
        scenarios,
        dict(_lines(texts, ACCOUNTS, _account)),
        list(_lines(texts, JOURNAL, entry_of)),
        list(_lines(texts, JOBS, job_of)),
        dict(_lines(texts, CREDITS, lambda data: (_text(data["account"]), credits_of(data)))),
        list(_lines(texts, DELIVERIES, delivery_of)),
    )


def _manifest(text: bytes) -> Manifest:
    data = _json(text, MANIFEST)
    version = data.get("mockserver_bundle") if isinstance(data, dict) else None
    if not isinstance(version, int) or isinstance(version, bool):
        raise InvalidBundle(f"{MANIFEST} does not say that this is a bundle of mockserver")
    if version > FORMAT:
        raise InvalidBundle(
            f"it has version {version} of the format, and this mockserver reads version {FORMAT}: update mockserver"
        )
    try:
        return Manifest.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise InvalidBundle(f"{MANIFEST}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def _lines(texts: Mapping[str, bytes], name: str, parsed: Callable[[Any], T]) -> Iterator[T]:
    lines = texts.get(name, b"").split(b"\n")
    most = _FEWER_LINES.get(name, MAX_LINES)
    if len(lines) > most + 1:
        raise InvalidBundle(f"{name} has more than {most:,} lines")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield parsed(_json(line, f"{name}:{number}"))
        except InvalidBundle as error:
            message = str(error)
            raise InvalidBundle(message if message.startswith(name) else f"{name}:{number}: {message}") from None
        except (LookupError, TypeError, ValueError) as error:
            raise InvalidBundle(f"{name}:{number}: a wrong or missing field: {error}") from None


def _json(text: bytes, place: str) -> Any:
    if len(text) > MAX_LINE:
        raise InvalidBundle(f"{place}: the line has more than {MAX_LINE // MIB} MiB")
    try:
        data = from_json(text, allow_inf_nan=False)
    except ValueError as error:
        raise InvalidBundle(f"{place}: not JSON: {error}") from None
    _check(data, MAX_DEPTH, place)
    return data


def _check(data: Any, depth: int, place: str) -> None:
    """Check the depth of JSON data, and that its instants are between 1970 and 8999."""
    if not isinstance(data, dict | list):
        return
    if not depth:
        raise InvalidBundle(f"{place}: the JSON is nested more than {MAX_DEPTH} deep")
    if isinstance(data, list):
        for each in data:
            _check(each, depth - 1, place)
        return
    for name, each in data.items():
        if name in _INSTANTS and isinstance(each, int) and not 0 <= each < LATEST:
            raise InvalidBundle(f"{place}: {name} must be in the years 1970 to 8999")
        _check(each, depth - 1, place)


def _scenario(data: Any) -> tuple[int, Mapping[str, Any]]:
    number, scenario = data["activation"], data["scenario"]
    if not isinstance(number, int) or not isinstance(scenario, dict):
        raise TypeError("activation must be a number, and scenario an object")
    return number, scenario


def _account(data: Any) -> tuple[str, KnownAccount]:
    patterns = frozenset(_text(each) for each in data["patterns"])
    return _text(data["account"]), KnownAccount(patterns, _text(data["mark"]))


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 2_000:
        raise TypeError("a name must be a text of at most 2,000 characters")
    return value
