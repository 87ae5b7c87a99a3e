"""The address of the server: its listening socket, and the token of a control API that other machines can reach."""

import errno
import socket
from dataclasses import replace
from ipaddress import ip_address

from mockserver.settings import CannotListen, Settings

BACKLOG = 2_048
# The value of the setting `token` for a control API without one, on every address.
NO_TOKEN = "none"


def with_token(settings: Settings) -> Settings:
    """Return the settings with a token for the control API if other machines can reach it.

    A token that is set is kept, and `none` means that there is none.
    """
    if settings.token == NO_TOKEN:
        return replace(settings, token="")
    if settings.token or _is_loopback(settings.host):
        return settings
    # The only value that must not be predictable.
    import secrets  # noqa: TID251

    return replace(settings, token=secrets.token_urlsafe(18))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises CannotListen if that is not possible."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError, UnicodeError) as error:
        listener.close()
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise CannotListen(f"cannot listen on {host} port {port}: {reason}{_hint(error, port)}") from None
    listener.listen(BACKLOG)
    listener.set_inheritable(True)
    return listener


def _hint(error: Exception, port: int) -> str:
    """Return the end of an error about listening: what would work."""
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EADDRINUSE and port:
        return ". Is another server running? Use --port 0 for a free port"
    if number == errno.EACCES and port:
        return ". Ports below 1024 may need privileges. Use --port 8080, or --port 0 for a free port"
    if number == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror | UnicodeError):
        return ". --host must be an address of this machine: 127.0.0.1, or 0.0.0.0 for all"
    return ""
