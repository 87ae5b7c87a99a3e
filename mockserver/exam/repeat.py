"""How to repeat the requests of an exam: their bytes, and commands for curl."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from mockserver.exam.run import Item
from mockserver.exam.sends import Answer, Send
from mockserver.outgoing.destination import EgressRefused
from mockserver.outgoing.dial import wire_bytes

# A longer body is not written into a command line.
MAX_INLINE = 8_192
# What curl would add: with these options it sends the same headers as the exam.
_CURL = "curl -sS -i"
_OWN_HEADERS = ("User-Agent", "Accept", "Expect")


def requests_of(item: Item) -> Iterator[Answer]:
    """Yield one answer for each different request of a probe."""
    seen: set[Send] = set()
    for answer in item.answers:
        if answer.send not in seen:
            seen.add(answer.send)
            yield answer


def sent_bytes(answer: Answer) -> bytes:
    """Return the bytes of a request as they were sent; none if its URL is not valid."""
    try:
        return wire_bytes(answer.call)
    except EgressRefused:
        return b""


def curl(answer: Answer, body_file: str | None = None) -> str:
    """Return a command for a POSIX shell that sends the same method, headers and body.

    A long body needs `body_file`, the name of a file with it. curl does not send in pieces, and does not break off.
    """
    call = answer.call
    words = [_CURL, "-X", call.method, shlex.quote(call.url)]
    for name in _OWN_HEADERS:
        words += ["-H", shlex.quote(f"{name}:")]
    for name, value in call.headers:
        # curl sends a header without a value only with a semicolon.
        words += ["-H", shlex.quote(f"{name}: {value}" if value else f"{name};")]
    if body_file is not None:
        words += ["--data-binary", shlex.quote(f"@{body_file}")]
    elif call.body:
        words += ["--data-binary", shlex.quote(call.body.decode())]
    return " ".join(words)


def commands(item: Item) -> Iterator[str]:
    """Yield the lines that describe the requests of a probe and repeat them with curl."""
    for answer in requests_of(item):
        notes = _notes(answer.send)
        yield f"# {item.probe.name}: {answer.send.label}{notes}"
        if len(answer.call.body) > MAX_INLINE:
            yield f"# the body has {len(answer.call.body):,} bytes: use --save DIR, which writes it to a file"
        else:
            yield curl(answer)


def save(items: list[Item], folder: Path) -> int:
    """Write the exact bytes of each request to a `.http` file, its body to `.body`, and a command to `.sh`.

    Return how many requests were written. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for item in items:
        for answer in requests_of(item):
            count += 1
            name = f"{count:02}-{item.probe.name}"
            (folder / f"{name}.http").write_bytes(sent_bytes(answer))
            body = f"{name}.body" if answer.call.body else None
            if body is not None:
                (folder / body).write_bytes(answer.call.body)
            comment = f"# {answer.send.label}{_notes(answer.send)}"
            # The body is beside the script, wherever that is run.
            lines = (comment, 'cd "$(dirname "$0")" || exit', curl(answer, body))
            (folder / f"{name}.sh").write_text("\n".join(lines) + "\n", "utf-8")
    return count


def _notes(send: Send) -> str:
    notes = []
    if send.copies > 1:
        notes.append(f"{send.copies} times at once")
    if send.pauses:
        notes.append(f"in {len(send.pauses) + 1} pieces, {send.pauses[0]:g} s apart")
    if send.cut:
        notes.append("the connection is closed before the body is complete, so curl waits for the receiver")
    return f" ({'; '.join(notes)})" if notes else ""
