"""`mockserver serve --intercept`: intercepts programs that are started in other terminals."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from mockserver.intercept.background import InterceptingServer
from mockserver.intercept.interceptor import Interceptor, open_sockets
from mockserver.serving.http_server import HttpServer
from mockserver.serving.serve import serve
from mockserver.settings import Settings, SettingsError


def serve_intercepting(settings: Settings, *, allow_external: bool) -> None:
    """Serve until interrupted, and print the variables for other programs. Raises what `serve` raises."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(each) for each in open_sockets()]
        servers: list[InterceptingServer] = []

        def interceptor(server: HttpServer) -> Interceptor:
            return Interceptor(server, allow_external=allow_external, sockets=sockets, notify=_print_error)

        def new_server(*args: Any, **kwargs: Any) -> InterceptingServer:
            servers.append(InterceptingServer(*args, interceptor=interceptor, on_ready=_print_instructions, **kwargs))
            return servers[0]

        serve(settings, new_server, own_ports=[s.getsockname()[1] for s in sockets])
    if servers and servers[0].error is not None:
        raise SettingsError(f"cannot intercept: {servers[0].error}")


def exports(interceptor: Interceptor) -> Iterator[str]:
    """Yield shell commands that set the variables (POSIX, 2.14, export)."""
    for name, value in interceptor.environment().items():
        yield f"export {name}={shlex.quote(value)}"


def _print_instructions(interceptor: Interceptor) -> None:
    """Write a shell script that sets the variables, and print how to use it."""
    lines = list(exports(interceptor))
    file = interceptor.directory / "environment.sh"
    file.write_text("\n".join(lines) + "\n", "utf-8")
    intro = ["", "In another terminal, before you start a program that calls the providers' own hosts, run:"]
    text = [
        *intro,
        f"  . {shlex.quote(str(file))}",
        "",
        "It sets these variables:",
        *(f"  {line}" for line in lines),
        "",
    ]
    sys.stdout.write("\n".join(text))
    sys.stdout.flush()


def _print_error(text: str) -> None:
    sys.stderr.write(f"mockserver: {text}\n")
    sys.stderr.flush()
