"""Interception: unmodified programs that call the providers' own hosts reach the sandbox instead.

Environment variables make a program use a proxy, and trust the certificate authority of that proxy. The authority is
created with the proxy, and nothing else trusts it. For a request to a provider's host the proxy terminates TLS and
passes the connection to the server's own HTTP protocol. There is no second connection, so streams arrive chunk by
chunk, resets are resets, and the server knows that the client uses https.
"""
