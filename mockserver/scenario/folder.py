"""Folders of scenario files. A file is found by its name, and links that lead out of the folder are not followed."""

import os
from itertools import islice
from pathlib import Path

ENDINGS = (".yaml", ".yml")
# Entries of a folder that are looked at: a folder of scenarios has some hundred.
MAX_ENTRIES = 10_000


def files_in(folder: Path) -> dict[str, Path]:
    """Return the scenario files of a folder by their names without the ending, in order.

    They are regular files when this looks. A symbolic link counts if it leads to a file inside the folder, which is
    then returned. A folder that cannot be read has no files.
    """
    try:
        with os.scandir(folder) as entries:
            found = sorted(islice(entries, MAX_ENTRIES), key=lambda entry: entry.name)
    except OSError:
        return {}
    files: dict[str, Path] = {}
    for entry in found:
        path = Path(entry.path)
        if path.suffix not in ENDINGS:
            continue
        real = _inside(folder, path) if entry.is_symlink() else path
        if real is not None and (real.is_file() if entry.is_symlink() else entry.is_file(follow_symlinks=False)):
            files.setdefault(path.stem, real)
    return files


def file_beside(file: Path, reference: str) -> Path:
    """Return the file that `./NAME.yaml` means in the scenario file `file`. Raises LookupError for any other file."""
    if not reference.endswith(ENDINGS):
        raise LookupError(f"{reference!r} must end with {' or '.join(ENDINGS)}")
    path = _inside(file.parent, file.parent / reference)
    if path is None:
        raise LookupError(f"{reference!r} is not inside the folder of this file")
    return path


def version_of(file: Path) -> object:
    """Return a value that changes when the file does."""
    try:
        status = file.stat()
    except OSError:
        return None
    return file, status.st_ino, status.st_size, status.st_mtime_ns


def _inside(folder: Path, path: Path) -> Path | None:
    """Return the file that a path leads to by its links, if it is inside the folder."""
    try:
        real = Path(os.path.realpath(path))
        return real if real.is_relative_to(os.path.realpath(folder)) else None
    except (OSError, ValueError):  # ValueError: a NUL byte, or a character that no path can have
        return None
