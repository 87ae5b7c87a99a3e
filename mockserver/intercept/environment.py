"""The environment that takes a program to the proxy: variables of curl, Python, Node, Go, Ruby, Deno and their kin."""

import json
import ssl
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mockserver.intercept.startup_files import WGETRC

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PRELOAD = Path(__file__).with_name("preload.cjs")

# Files of trusted authorities where a system keeps them, in the order in which they are looked for.
_ROOTS = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


@dataclass(frozen=True, slots=True)
class Trap:
    """What the variables point to: the ports of the proxy, for its own protocol and for TLS at once, and files.

    `bundle` holds the authorities to trust, beside the startup files of curl and wget; `nothing` is an empty directory.
    """

    port: int
    secure_port: int
    bundle: Path
    nothing: Path
    hosts: tuple[str, ...]
    allow_external: bool

    @property
    def url(self) -> str:
        """The proxy, which is also the sandbox server."""
        return f"http://127.0.0.1:{self.port}"


def environment(trap: Trap, base: Mapping[str, str]) -> dict[str, str]:
    """The variables to set over those of `base`. What they replace and what was in it is kept within them."""
    made = {"MOCKSERVER_URL": trap.url, "MOCKSERVER_INTERCEPT": _for_preload(trap)}
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        made[name] = made[name.lower()] = trap.url
    made["NO_PROXY"] = made["no_proxy"] = ",".join(_unproxied(trap, base))
    for name in ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "DENO_CERT"):
        made[name] = str(trap.bundle)
    made["CURL_HOME"], made["WGETRC"] = str(trap.bundle.parent), str(trap.bundle.with_name(WGETRC))
    if not trap.allow_external:
        # Else OpenSSL also looks among the system's, and what does not ask the proxy would reach the real provider.
        made["SSL_CERT_DIR"] = str(trap.nothing)
    made["NODE_OPTIONS"] = f"{_node_require(_PRELOAD)} {base.get('NODE_OPTIONS', '')}".strip()
    return made


def roots(base: Mapping[str, str]) -> bytes:
    """The authorities that a program with the environment `base` trusts already, as PEM."""
    named = [base[n] for n in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE") if base.get(n)]
    usual = [path for path in (ssl.get_default_verify_paths().cafile, *_ROOTS) if path]
    first = next((_read(path) for path in (*named, *usual) if _read(path)), b"") or _of_the_system()
    extra = _read(base.get("NODE_EXTRA_CA_CERTS", ""))
    return b"\n".join(text for text in dict.fromkeys((first, extra)) if text)


def _of_the_system() -> bytes:
    """The authorities of a system that keeps them in no file."""
    found = ssl.create_default_context().get_ca_certs(binary_form=True)
    return "".join(ssl.DER_cert_to_PEM_cert(certificate) for certificate in found).encode("ascii")


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes() if path else b""
    except OSError:
        return b""


def _for_preload(trap: Trap) -> str:
    told = {
        "hosts": list(trap.hosts),
        "plain": trap.port,
        "secure": trap.secure_port,
        "external": trap.allow_external,
    }
    return json.dumps(told, separators=(",", ":"))


def _unproxied(trap: Trap, base: Mapping[str, str]) -> Iterator[str]:
    yield from _LOOPBACK
    if trap.allow_external:
        given = f"{base.get('NO_PROXY', '')},{base.get('no_proxy', '')}".split(",")
        names = dict.fromkeys(name.strip() for name in given)
        yield from (n for n in names if n and n not in _LOOPBACK and not _covers(n, trap.hosts))


def _covers(entry: str, hosts: Collection[str]) -> bool:
    """True when an entry of NO_PROXY would take a provider's host past the proxy."""
    suffix = entry.lower().partition(":")[0].lstrip("*.")
    return not suffix or any(host == suffix or host.endswith("." + suffix) for host in hosts)


def _node_require(path: Path) -> str:
    # Node splits the variable at spaces, and takes a backslash in quotes for an escape.
    quoted = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'--require "{quoted}"'
