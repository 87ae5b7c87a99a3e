"""Reads the files of scenarios: regular files of a limited size only, so that no path can make the server wait."""

import os
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO

from mockserver.source.document import SourceError, SourceErrors
from mockserver.source.suggestions import clip

MAX_BYTES = 1 << 20

# A pipe is opened without waiting for a writer, a terminal does not become the process's own, and a link that was
# put in place of a file since its path was checked is not followed. Windows has none of these.
_FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_BINARY", "O_CLOEXEC", "O_NOCTTY", "O_NONBLOCK"))
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_PIECE = 1 << 16
# Characters of a path in an error.
_MAX_SHOWN = 1_000


def read_bytes(path: Path, *, follow: bool = True) -> bytes:
    """Return the bytes of a regular file of at most 1 MiB, which errors call by its path.

    Without `follow`, a symbolic link is not opened. Raises SourceErrors: a directory, a pipe or a device is not
    opened, and of a larger file nothing is read.
    """
    try:
        # Opening a device can have effects, so it is looked at first, and once more when it is open.
        _check(path.stat(follow_symlinks=follow))
        with os.fdopen(os.open(path, _FLAGS if follow else _FLAGS | _NO_LINK), "rb", buffering=0) as file:
            _check(os.fstat(file.fileno()))
            return _bounded(file)
    except OSError as error:
        raise _error(path, error.strerror or str(error)) from None
    except ValueError as error:  # a path with a NUL byte or a lone surrogate, and what `_check` refuses
        raise _error(path, str(error)) from None


def _check(status: os.stat_result) -> None:
    if not S_ISREG(status.st_mode):
        raise ValueError("not a regular file")
    if status.st_size > MAX_BYTES:
        raise ValueError(f"the file has {status.st_size} bytes, and may have {MAX_BYTES} at most")


def _bounded(file: BinaryIO) -> bytes:
    # The size of a file can be wrong: files of the kernel have none, and others grow while they are read.
    read = bytearray()
    while len(read) <= MAX_BYTES:
        piece = file.read(min(_PIECE, MAX_BYTES + 1 - len(read)))
        if piece is None:
            raise ValueError("nothing can be read from this file without waiting")
        if not piece:
            return bytes(read)
        read += piece
    raise ValueError(f"the file has more than {MAX_BYTES} bytes")


def _error(path: Path, message: str) -> SourceErrors:
    text = str(path)
    return SourceErrors([SourceError(clip(text if text.isprintable() else ascii(text), _MAX_SHOWN), None, message)])
