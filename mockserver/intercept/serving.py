"""`mockserver serve --intercept`: the sandbox for programs that are started in other terminals."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from mockserver.intercept.background import InterceptingServer
from mockserver.intercept.interceptor import Interceptor, listening
from mockserver.serving.http_server import HttpServer
from mockserver.serving.serve import serve
from mockserver.settings import Settings, SettingsError


def serve_intercepting(settings: Settings, *, allow_external: bool) -> None:
    """Serve until interrupted, and print what leads programs here. Raises what `serve` raises."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(each) for each in listening()]
        made: list[InterceptingServer] = []

        def interceptor(server: HttpServer) -> Interceptor:
            return Interceptor(server, allow_external=allow_external, sockets=sockets, say=_say)

        def intercepting(*given: Any, **named: Any) -> InterceptingServer:
            made.append(InterceptingServer(*given, interceptor=interceptor, ready=_ready, **named))
            return made[0]

        serve(settings, intercepting, own_ports=[s.getsockname()[1] for s in sockets])
    if made and made[0].error is not None:
        raise SettingsError(f"cannot intercept: {made[0].error}")


def exports(interceptor: Interceptor) -> Iterator[str]:
    """The lines for a shell that set the variables (POSIX, 2.14, export)."""
    for name, value in interceptor.environment().items():
        yield f"export {name}={shlex.quote(value)}"


def _ready(interceptor: Interceptor) -> None:
    """Say how a program gets here: a file to read in, and what is in it."""
    lines = list(exports(interceptor))
    file = interceptor.directory / "environment.sh"
    file.write_text("\n".join(lines) + "\n", "utf-8")
    told = ["", "Before you start a program that calls the providers' own hosts:", f"  . {shlex.quote(str(file))}", ""]
    sys.stdout.write("\n".join([*told, "which is", *(f"  {line}" for line in lines), ""]))
    sys.stdout.flush()


def _say(text: str) -> None:
    sys.stderr.write(f"mockserver: {text}\n")
    sys.stderr.flush()
