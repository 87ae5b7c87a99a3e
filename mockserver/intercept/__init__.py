"""Interception: programs that name the providers' own hosts reach the sandbox, with no edit.

A program is pointed at a proxy by its environment. The proxy holds the certificate of an authority that lives as long
as the proxy does and that only the program is told to trust. It ends TLS where a request for a provider's host comes
in, and hands the connection to the server's own HTTP protocol: there is no second hop, a stream arrives chunk by
chunk, a reset is a reset, and the server sees by itself that its client speaks https.
"""
