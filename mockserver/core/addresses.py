"""Addresses of sandboxes on the server."""


def sandbox_prefix(name: str) -> str:
    """Return what the path of a URL begins with so that the request is for this sandbox: `/~alice`."""
    return "" if name == "default" else f"/~{name}"
