"""Names and addresses of sandboxes on the server."""

import re

SANDBOX_NAME = "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"
_NAME = re.compile(SANDBOX_NAME)


def is_sandbox_name(name: str) -> bool:
    """Return whether a client can give this name to a sandbox."""
    return _NAME.fullmatch(name) is not None


def sandbox_prefix(name: str) -> str:
    """Return what the path of a URL begins with so that the request is for this sandbox: `/~alice`."""
    return "" if name == "default" else f"/~{name}"
