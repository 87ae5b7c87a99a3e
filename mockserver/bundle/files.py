"""Writes and reads the files of bundles."""

import os
from pathlib import Path
from threading import get_ident

from mockserver.bundle.archive import unpacked
from mockserver.bundle.contents import Bundle
from mockserver.bundle.invalid import ENDING, MAX_BYTES, MIB, InvalidBundle


def write(path: Path, data: bytes) -> None:
    """Write the bytes of a bundle beside `path` and rename them, so that there is never half a bundle.

    Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name[:100]}.{os.getpid()}-{get_ident()}.part")
    try:
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def read(path: Path) -> bytes:
    """Return the bytes of a file that may be a bundle. Raises OSError, and InvalidBundle for one that is too large."""
    if path.exists() and not path.is_file():
        raise InvalidBundle(f"{path} is refused: it is not a file")
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise InvalidBundle(f"{path} is refused: it has more than {MAX_BYTES // MIB} MiB, the most that a bundle has")
    return data


def read_bundle(path: Path) -> Bundle:
    """Return the bundle in a file. Raises OSError, and InvalidBundle if it is not one or not safe to read."""
    data = read(path)
    try:
        return unpacked(data)
    except InvalidBundle as error:
        raise InvalidBundle(f"{path} is refused: {error}") from None


def is_bundle(name: str) -> bool:
    """Return True if the name of a file is that of a bundle."""
    return name.endswith((ENDING, ".zip"))
