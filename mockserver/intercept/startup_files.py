"""Files that curl and wget read when they start, for what no variable tells them."""

from collections.abc import Iterator, Mapping
from pathlib import Path

CURLRC, WGETRC = ".curlrc", "wgetrc"


def write_startup_files(directory: Path, bundle: Path, base: Mapping[str, str]) -> None:
    """Write them into `directory`, with what a program with the environment `base` has in its own.

    curl shows what a proxy replied as if it were the reply (`curl -i`), and a wget that was built with GnuTLS looks
    for authorities in its settings alone.
    """
    curl, wget = _first(_of_curl(base)), _first(_of_wget(base))
    (directory / CURLRC).write_bytes(b"suppress-connect-headers\n" + curl)
    (directory / WGETRC).write_bytes(wget + f"\nca_certificate = {bundle}\n".encode())


def _of_curl(base: Mapping[str, str]) -> Iterator[Path]:
    """Where curl looks, in its order (its manual, --config)."""
    if base.get("CURL_HOME"):
        yield Path(base["CURL_HOME"], ".curlrc")
    if base.get("XDG_CONFIG_HOME"):
        yield from (Path(base["XDG_CONFIG_HOME"], name) for name in ("curlrc", ".curlrc"))
    if base.get("HOME"):
        yield from (Path(base["HOME"], name) for name in (".config/curlrc", ".curlrc"))


def _of_wget(base: Mapping[str, str]) -> Iterator[Path]:
    """Where wget looks, in its order (its manual, "Wgetrc Location")."""
    if base.get("WGETRC"):
        yield Path(base["WGETRC"])
    elif base.get("HOME"):
        yield Path(base["HOME"], ".wgetrc")


def _first(paths: Iterator[Path]) -> bytes:
    for path in paths:
        try:
            return path.read_bytes()
        except OSError:
            continue
    return b""
