"""Startup files of curl and wget, for options that have no environment variable."""

from collections.abc import Iterator, Mapping
from pathlib import Path

CURLRC, WGETRC = ".curlrc", "wgetrc"


def write_startup_files(directory: Path, bundle: Path, base: Mapping[str, str]) -> None:
    """Write both files into `directory`. They include the user's own files, found by the environment `base`.

    Otherwise `curl -i` would print the proxy's reply too, and a wget that was built with GnuTLS would not trust the
    certificates, because it reads their location only from its startup file.
    """
    curl, wget = _first(_curl_files(base)), _first(_wget_files(base))
    (directory / CURLRC).write_bytes(b"suppress-connect-headers\n" + curl)
    (directory / WGETRC).write_bytes(wget + f"\nca_certificate = {bundle}\n".encode())


def _curl_files(base: Mapping[str, str]) -> Iterator[Path]:
    """Yield the startup files that curl tries, in its order (curl manual, --config)."""
    if base.get("CURL_HOME"):
        yield Path(base["CURL_HOME"], ".curlrc")
    if base.get("XDG_CONFIG_HOME"):
        yield from (Path(base["XDG_CONFIG_HOME"], name) for name in ("curlrc", ".curlrc"))
    if base.get("HOME"):
        yield from (Path(base["HOME"], name) for name in (".config/curlrc", ".curlrc"))


def _wget_files(base: Mapping[str, str]) -> Iterator[Path]:
    """Yield the startup files that wget tries, in its order (wget manual, "Wgetrc Location")."""
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
