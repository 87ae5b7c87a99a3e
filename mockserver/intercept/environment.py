"""Environment variables that make programs use the proxy: curl, wget, and in Python, Node, Java, Go, Ruby, Deno."""

import json
import os
import ssl
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mockserver.intercept.startup_files import WGETRC
from mockserver.intercept.trust_store import PASSWORD

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PRELOAD = Path(__file__).with_name("preload.cjs")
# The directory of the module that Python programs import at their start.
_PYTHON = Path(__file__).with_name("python")
TRUST_STORE = "authorities.p12"

# Where systems keep their trusted certificates, in the order in which they are tried.
_SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


@dataclass(frozen=True, slots=True)
class ProxyDetails:
    """What the variables refer to: two ports of the proxy, one of them for TLS without a proxy protocol, and files.

    `bundle` is the file with the trusted certificates. In its directory are the same ones for Java, and startup files
    of curl and wget. `empty_directory` replaces the system's certificate directory.
    """

    port: int
    tls_port: int
    bundle: Path
    empty_directory: Path
    hosts: tuple[str, ...]
    allow_external: bool

    @property
    def url(self) -> str:
        """The URL of the proxy, which is also the sandbox server."""
        return f"http://127.0.0.1:{self.port}"


def environment(proxy: ProxyDetails, base: Mapping[str, str]) -> dict[str, str]:
    """Return the variables to add to the environment `base`. Existing variables keep their content if possible."""
    variables = {"MOCKSERVER_URL": proxy.url, "MOCKSERVER_INTERCEPT": _preload_options(proxy)}
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        variables[name] = variables[name.lower()] = proxy.url
    variables["NO_PROXY"] = variables["no_proxy"] = ",".join(_without_proxy(proxy, base))
    for name in ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "DENO_CERT"):
        variables[name] = str(proxy.bundle)
    variables["CURL_HOME"], variables["WGETRC"] = str(proxy.bundle.parent), str(proxy.bundle.with_name(WGETRC))
    if not proxy.allow_external:
        # Otherwise OpenSSL would trust the system's certificates too, and clients without proxy support would reach
        # the real provider.
        variables["SSL_CERT_DIR"] = str(proxy.empty_directory)
    variables["NODE_OPTIONS"] = f"{_node_require(_PRELOAD)} {base.get('NODE_OPTIONS', '')}".strip()
    variables["PYTHONPATH"] = os.pathsep.join(filter(None, (str(_PYTHON), base.get("PYTHONPATH"))))
    # The last option of a name counts.
    variables["JAVA_TOOL_OPTIONS"] = " ".join(
        filter(None, (base.get("JAVA_TOOL_OPTIONS"), *_java_options(proxy, base)))
    )
    return variables


def trusted_certificates(base: Mapping[str, str]) -> bytes:
    """Return the certificates that a program with the environment `base` trusts already, as PEM."""
    from_variables = [base[n] for n in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE") if base.get(n)]
    from_system = [path for path in (ssl.get_default_verify_paths().cafile, *_SYSTEM_BUNDLES) if path]
    first = (
        next((_read(path) for path in (*from_variables, *from_system) if _read(path)), b"") or _system_certificates()
    )
    extra = _read(base.get("NODE_EXTRA_CA_CERTS", ""))
    return b"\n".join(text for text in dict.fromkeys((first, extra)) if text)


def _system_certificates() -> bytes:
    """Return the trusted certificates of a system that does not keep them in a file."""
    certificates = ssl.create_default_context().get_ca_certs(binary_form=True)
    return "".join(ssl.DER_cert_to_PEM_cert(certificate) for certificate in certificates).encode("ascii")


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes() if path else b""
    except OSError:
        return b""


def _preload_options(proxy: ProxyDetails) -> str:
    options = {
        "hosts": list(proxy.hosts),
        "plain": proxy.port,
        "secure": proxy.tls_port,
        "external": proxy.allow_external,
    }
    return json.dumps(options, separators=(",", ":"))


def _without_proxy(proxy: ProxyDetails, base: Mapping[str, str]) -> Iterator[str]:
    yield from _LOOPBACK
    if proxy.allow_external:
        entries = f"{base.get('NO_PROXY', '')},{base.get('no_proxy', '')}".split(",")
        names = dict.fromkeys(name.strip() for name in entries)
        yield from (n for n in names if n and n not in _LOOPBACK and not _covers(n, proxy.hosts))


def _java_options(proxy: ProxyDetails, base: Mapping[str, str]) -> Iterator[str]:
    """Yield options for the proxy and the trust store of a Java program."""
    for scheme in ("http", "https"):
        yield f"-D{scheme}.proxyHost=127.0.0.1"
        yield f"-D{scheme}.proxyPort={proxy.port}"
    names = ["localhost", "127.*", "[::1]", *(n for n in _without_proxy(proxy, base) if n not in _LOOPBACK)]
    yield f"-Dhttp.nonProxyHosts={'|'.join(f'*{n}' if n.startswith('.') else n for n in names)}"
    yield f'-Djavax.net.ssl.trustStore="{proxy.bundle.with_name(TRUST_STORE)}"'
    yield "-Djavax.net.ssl.trustStoreType=PKCS12"
    yield f"-Djavax.net.ssl.trustStorePassword={PASSWORD}"


def _covers(entry: str, hosts: Collection[str]) -> bool:
    """Return true if an entry of NO_PROXY matches one of the hosts, which must go through the proxy."""
    suffix = entry.lower().partition(":")[0].lstrip("*.")
    return not suffix or any(host == suffix or host.endswith("." + suffix) for host in hosts)


def _node_require(path: Path) -> str:
    # Node splits the variable at spaces, and a backslash in quotes is an escape.
    quoted = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'--require "{quoted}"'
