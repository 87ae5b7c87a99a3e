"""Prints every message of the package, so that all of them can be read from top to bottom: `python docs/messages.py`.

A message is a text of at least two words in the code: of an error, a log, the help of a command, a note in the journal,
a description in a document, or a table that one of these takes it from. Values that are filled in appear as `{name}`.

    python docs/messages.py                     everything, by file
    python docs/messages.py cli wire/edge.py    the messages of these folders and files of the package
    python docs/messages.py --kind error        those of one kind: error, log, help, description, output, text
"""

import argparse
import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).parent.parent / "mockserver"
KINDS = ("error", "log", "help", "description", "output", "text")
# Texts of simulated results: they are the content of replies and no messages.
CONTENT = ("content/", "media/", "providers/summaries.py", "scenario/default.py")
# Standard phrases of HTTP status codes.
STANDARD = ("core/reasons.py",)

_LOG_METHODS = ("debug", "info", "warning", "error", "exception")
_HELP_KEYWORDS = ("help", "epilog", "usage")
_ERROR_NAMES = ("Refusal", "refuse", "fail")
# A media type, or a piece of HTML or of a regular expression.
_NO_MESSAGE = re.compile(r"[\w.+-]+/[\w.+-]+;|<[a-z/!]|[\^(\[]")
_TWO_WORDS = re.compile(r"[^\W\d_]{2,}\W* \W*[^\W\d_]")


class Message(NamedTuple):
    """A message and where it is in the code. `file` is relative to the package."""

    file: str
    line: int
    kind: str
    text: str


def messages(package: Path = PACKAGE) -> Iterator[Message]:
    """Yield the messages of every module of a package, in the order of files and lines."""
    for path in sorted(package.rglob("*.py")):
        file = path.relative_to(package).as_posix()
        if not file.startswith((*CONTENT, *STANDARD)):
            yield from messages_of(path.read_text("utf-8"), file)


def messages_of(source: str, file: str = "") -> Iterator[Message]:
    """Yield the messages of one module, given its source code."""
    found = _Messages(file)
    found.visit(ast.parse(source))
    yield from sorted(found.messages, key=lambda message: message.line)


class _Messages(ast.NodeVisitor):
    """Collects the texts of a module. The kind of a text follows from the innermost call or `raise` around it."""

    def __init__(self, file: str) -> None:
        self.messages: list[Message] = []
        self._file = file
        self._kind = "text"

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # a docstring
            self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> None:
        """A parameter has no message: its annotation may be a text."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_Raise(self, node: ast.Raise) -> None:
        self._visit_as("error", node)

    def visit_Call(self, node: ast.Call) -> None:
        for part in (node.func, *node.args):
            self._visit_as(_kind_of_call(node) or self._kind, part, itself=True)
        for keyword in node.keywords:
            self._visit_as(_kind_of_keyword(keyword.arg) or _kind_of_call(node) or self._kind, keyword)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self._add(node, node.value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        parts = [
            "{" + ast.unparse(part.value) + "}" if isinstance(part, ast.FormattedValue) else str(part.value)
            for part in node.values
            if isinstance(part, ast.FormattedValue | ast.Constant)
        ]
        self._add(node, "".join(parts))
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                self.visit(part.value)

    def _visit_as(self, kind: str, node: ast.AST, *, itself: bool = False) -> None:
        outer, self._kind = self._kind, kind
        if itself:
            self.visit(node)
        else:
            self.generic_visit(node)
        self._kind = outer

    def _add(self, node: ast.expr, text: str) -> None:
        line = " ".join(text.split())
        if _TWO_WORDS.search(re.sub(r"\{[^}]*\}", "{x}", line)) and not _NO_MESSAGE.match(line):
            self.messages.append(Message(self._file, node.lineno, self._kind, line))


def _kind_of_call(call: ast.Call) -> str:
    """The kind of message that a call takes; empty if it says nothing about that."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    owner = ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    if name in _LOG_METHODS and owner.endswith("log"):
        return "log"
    if name in ("print", "write", "write_line"):
        return "output"
    is_error = name in _ERROR_NAMES or name.endswith(("Error", "Refusal")) or (name == "error" and "pars" in owner)
    return "error" if is_error else ""


def _kind_of_keyword(name: str | None) -> str:
    if name in _HELP_KEYWORDS:
        return "help"
    return "description" if name == "description" else ""


def main() -> None:
    """Print the messages that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("place", nargs="*", help="a folder or file of the package")
    parser.add_argument("--kind", choices=KINDS, help="only messages of this kind")
    options = parser.parse_args()
    for message in messages():
        if options.kind in (None, message.kind) and (
            not options.place or message.file.startswith(tuple(options.place))
        ):
            print(f"{message.file}:{message.line}: {message.kind}: {message.text}")


if __name__ == "__main__":
    main()
