"""The temporary certificate authority, which issues a certificate for the intercepted hosts."""

import ssl
from collections.abc import Sequence
from pathlib import Path


class Authority:
    """The certificate authority of one proxy. Its private key exists only in memory."""

    def __init__(self) -> None:
        import trustme  # takes longer to import than most commands take

        self._authority = trustme.CA(path_length=0, organization_name="mockserver")

    @property
    def certificate(self) -> bytes:
        """The certificate that programs must trust, as PEM."""
        return self._authority.cert_pem.bytes()

    def context(self, hosts: Sequence[str], directory: Path) -> ssl.SSLContext:
        """Return the TLS context of a server for all `hosts`, which offers only HTTP/1.1 (RFC 7301).

        The ssl module reads keys only from files. The key of the hosts, not of the authority, is therefore in
        `directory` for a moment, readable only by its owner.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["http/1.1"])
        issued = self._authority.issue_cert(*hosts, organization_name="mockserver")
        with issued.private_key_and_cert_chain_pem.tempfile(dir=str(directory)) as path:
            context.load_cert_chain(path)
        return context
