"""The throw-away authority: a certificate for the hosts that are intercepted, trusted by nobody who is not told to."""

import ssl
from collections.abc import Sequence
from pathlib import Path


class Authority:
    """An authority of its own for each proxy. Its private key stays in memory and ends with it."""

    def __init__(self) -> None:
        import trustme  # takes longer to import than most commands run

        self._authority = trustme.CA(path_length=0, organization_name="mockserver")

    @property
    def certificate(self) -> bytes:
        """The certificate to trust, as PEM."""
        return self._authority.cert_pem.bytes()

    def context(self, hosts: Sequence[str], directory: Path) -> ssl.SSLContext:
        """What a server of all `hosts` needs, for HTTP/1.1 alone (RFC 7301).

        The ssl module reads keys from files only: that of the hosts, not the authority's, is for an instant in
        `directory`, readable by its owner.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["http/1.1"])
        issued = self._authority.issue_cert(*hosts, organization_name="mockserver")
        with issued.private_key_and_cert_chain_pem.tempfile(dir=str(directory)) as path:
            context.load_cert_chain(path)
        return context
