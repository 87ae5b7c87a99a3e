"""What people type for a scenario: a file, a folder of files, `-` for standard input, or the name of a scenario."""

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mockserver.scenario.folder import ENDINGS, files_in
from mockserver.source.document import SourceError, SourceErrors
from mockserver.source.files import MAX_BYTES, read_bytes

if TYPE_CHECKING:
    from mockserver.core.compile import Program
    from mockserver.scenario.library import Library
    from mockserver.source.document import Document

STDIN = "-"
_OWN_KEY = re.compile(rb"^\{?[ \t]*[\"']?(?:scenario|extends|accounts|plans|rules|webhooks)[\"']?\s*:", re.MULTILINE)


def expanded(references: Iterable[str]) -> Iterator[str]:
    """Yield the references, with the scenario files of each folder in its place. Raises LookupError if it has none.

    Files of other programs in the folder, such as compose.yaml, are left out.
    """
    for reference in references:
        folder = Path(reference)
        if not folder.is_dir():
            yield reference
            continue
        files = {name: file for name, file in files_in(folder).items() if _may_be_scenario(file)}
        if not files:
            raise LookupError(f"{reference}: there are no scenario files (*{' or *'.join(ENDINGS)}) in this folder")
        yield from map(str, files.values())


def _may_be_scenario(file: Path) -> bool:
    """Return whether a file in a folder has a key of scenarios, or cannot be read. Others belong to other programs."""
    try:
        return _OWN_KEY.search(read_bytes(file)) is not None
    except SourceErrors:
        return True


def program_of(library: "Library", reference: str) -> "Program":
    """Compile a scenario that a person typed. Raises SourceErrors, and LookupError for a folder or an unknown name."""
    if reference == STDIN:
        return library.program_of_text(read_stdin(), label(STDIN))
    file = _file(reference)
    return library.program(reference) if file is None else library.program_of_file(file)


def compiled(library: "Library", reference: str) -> "tuple[Document, Program]":
    """Compile a scenario that a person typed, and return it with its document. Raises as `program_of` does."""
    from mockserver.scenario.builder import read_file

    if reference == STDIN:
        return library.read(read_stdin(), label(STDIN))
    program = program_of(library, reference)
    return read_file(library.files_of(reference)[0]), program


def text_of(reference: str, folders: Iterable[Path]) -> bytes | None:
    """Return the text of a scenario: a file, standard input, or the scenario with this name in one of `folders`.

    Returns None for a name that they do not have. Raises SourceErrors if the text cannot be read, and LookupError for a
    folder.
    """
    if reference == STDIN:
        return read_stdin()
    file = _file(reference)
    if file is None:
        file = next((files[reference] for files in map(files_in, folders) if reference in files), None)
    return None if file is None else read_bytes(file)


def _file(reference: str) -> Path | None:
    """Return the file that a reference means, or None if it is a name. Raises LookupError for a folder."""
    from mockserver.scenario.library import is_path

    path = Path(reference)
    if path.is_dir():
        names = ", ".join(map(str, list(files_in(path).values())[:5]))
        raise LookupError(f"{reference}: this is a folder; give one scenario" + (f", such as {names}" if names else ""))
    return path if is_path(reference) or path.exists() else None


def read_stdin() -> bytes:
    """Return what is written to standard input. Raises SourceErrors if that is too long."""
    text = b"" if sys.stdin is None else sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(text) > MAX_BYTES:
        raise SourceErrors([SourceError(label(STDIN), None, f"the text has more than {MAX_BYTES} bytes")])
    return text


def label(reference: str) -> str:
    """Return what messages call a reference."""
    return "stdin" if reference == STDIN else reference
