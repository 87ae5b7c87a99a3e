"""Which program listens on a port, where the system says so: on Linux, in /proc."""

from collections.abc import Iterator
from pathlib import Path

_LISTEN = "0A"


def owner_of(port: int, proc: Path = Path("/proc")) -> str | None:
    """Return the program that listens on a port of this machine, such as `node server.js (process 123)`.

    None if that cannot be found out: on other systems, and for the processes of other users.
    """
    inodes = {inode for name in ("tcp", "tcp6") for inode in _listeners(proc / "net" / name, port)}
    if not inodes:
        return None
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for process in proc.iterdir():
        if process.name.isdigit() and wanted & set(_files_of(process)):
            return f"{_command(process)} (process {process.name})"
    return None


def _listeners(table: Path, port: int) -> Iterator[str]:
    """Yield the inodes of the sockets that listen on a port (proc(5), /proc/net/tcp)."""
    try:
        lines = table.read_text("ascii").splitlines()[1:]
    except OSError:
        return
    for line in lines:
        columns = line.split()
        if columns[3] == _LISTEN and int(columns[1].rpartition(":")[2], 16) == port:
            yield columns[9]


def _files_of(process: Path) -> Iterator[str]:
    try:
        for link in (process / "fd").iterdir():
            yield str(link.readlink())
    except OSError:
        return


def _command(process: Path) -> str:
    try:
        words = (process / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:
        words = []
    return " ".join(filter(None, words))[:120] or "a program"
