"""Makes a Python program use the sandbox. Python imports this module at its start, because `exec` sets PYTHONPATH.

Clients that use the proxy of the environment need no help. The others, such as http.client and urllib3, look up hosts
with `socket.getaddrinfo`, which here returns the sandbox's own address for the providers' hosts. TLS still checks the
name that the program uses. aiohttp can have a resolver of its own, so it uses the proxy by default.

The program can have any version of Python 3, so this module uses no newer syntax.
"""

import importlib.machinery
import importlib.util
import json
import os
import socket
import sys
from typing import Any

_HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - pathlib would make every start slower


def intercept(hosts: Any, plain: int, secure: int, external: bool) -> None:
    """Replace `socket.getaddrinfo`. `plain` and `secure` are the ports of the sandbox without and with TLS."""
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        name = _name(host)
        number = {"http": 80, "https": 443}.get(port, port)
        if name in hosts:
            return resolve("127.0.0.1", plain if number == 80 else secure, *args, **options)
        if number in (80, 443) and not external and not _is_local(name):
            hint = "use --allow-external to allow other hosts"
            text = "mockserver: refused: {}:{} is not a provider's host; {}".format(name, number, hint)  # noqa: UP032
            raise socket.gaierror(socket.EAI_FAIL, text)
        return resolve(host, port, *args, **options)

    socket.getaddrinfo = getaddrinfo


def _name(host: Any) -> str:
    text = host.decode("latin-1") if isinstance(host, bytes) else host or ""
    return str(text).lower().rstrip(".")


def _is_local(name: str) -> bool:
    # A name without a dot, such as that of the machine or of a container, is no host of the internet. Neither is an
    # address: a server that binds to one looks it up too.
    return "." not in name or name.endswith(".localhost") or ":" in name or name.replace(".", "").isdigit()


def _trust_environment(module: Any) -> None:
    """Make sessions of aiohttp use the proxy of the environment by default."""
    init = module.ClientSession.__init__

    def __init__(self: Any, *args: Any, **options: Any) -> None:  # noqa: N807 - the name that it replaces
        options.setdefault("trust_env", True)
        init(self, *args, **options)

    __init__.__doc__, __init__.__wrapped__ = init.__doc__, init  # type: ignore[attr-defined]
    module.ClientSession.__init__ = __init__


class _AfterImport:
    """A finder that calls a function with a module after its import."""

    def __init__(self, name: str, call: Any) -> None:
        self._name = name
        self._call = call

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Return the specification of the module, whose loader also calls the function. None for other modules."""
        spec = importlib.machinery.PathFinder.find_spec(name, path) if name == self._name else None
        loader = spec.loader if spec is not None else None
        if loader is None:
            return None
        execute = loader.exec_module

        def exec_module(module: Any) -> None:
            execute(module)
            self._call(module)

        loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _run_next() -> None:
    """Run the module of this name that Python would have imported without this one."""
    sys.path[:] = [each for each in sys.path if os.path.abspath(each) != _HERE]  # noqa: PTH100
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", sys.path)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


_OPTIONS = os.environ.get("MOCKSERVER_INTERCEPT")
if _OPTIONS:
    intercept(**json.loads(_OPTIONS))
    sys.meta_path.insert(0, _AfterImport("aiohttp.client", _trust_environment))
_run_next()
