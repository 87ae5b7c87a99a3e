"""`mcp`: the command with which agents use a running server, over standard input and output."""

import argparse
import sys
from typing import TYPE_CHECKING, Any

from mockserver.cli.errors import report_error
from mockserver.cli.options import add_token, add_url
from mockserver.cli.remote import token_of, url_of
from mockserver.core.addresses import sandbox_prefix

if TYPE_CHECKING:
    from mockserver.agents.tools import Reply

_DESCRIPTION = """\
Offer a running server to an agent as tools of the Model Context Protocol, over standard input and output: look at the
state, explain a request, use or make a scenario, move the clock, arm a fault, replay a webhook, get the verdict. The
server itself offers the same at /_mock/mcp if it runs with `serve --mcp`.

Agents are configured with this command, for example: claude mcp add mockserver -- mockserver mcp
"""
_EXAMPLES = """\
examples:
  mockserver mcp                                 for the server on http://localhost:8080
  mockserver mcp --url http://localhost:9000
"""


def add(commands: Any) -> None:
    """Add the command."""
    mcp = commands.add_parser(
        "mcp",
        help="offer a running server to an agent (Model Context Protocol)",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_token(mcp)
    add_url(mcp)
    mcp.set_defaults(run=_mcp)


def _mcp(options: argparse.Namespace) -> int:
    import asyncio

    from mockserver.agents.protocol import answer_text
    from mockserver.cli.client import RemoteError
    from mockserver.kit.catalogue import catalogue_of
    from mockserver.providers.registry import summaries

    try:
        api = _Server(url_of(options), token_of(options))
    except RemoteError as error:
        return report_error(str(error))
    operations = tuple(catalogue_of(summaries()).operations)
    for line in sys.stdin.buffer:
        if line.strip():
            reply = asyncio.run(answer_text(line, api, operations))
            if reply is not None:
                # One message a line, in UTF-8 whatever the locale is.
                sys.stdout.buffer.write(reply.encode() + b"\n")
                sys.stdout.buffer.flush()
    return 0


class _Server:
    """The control API of a running server."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._token = token

    async def __call__(self, method: str, path: str, body: Any = None, sandbox: str = "default") -> "Reply":
        import json
        from urllib.parse import quote

        from mockserver.agents.catalogue import ToolError
        from mockserver.cli.client import RemoteError, exchange

        kind = "application/yaml" if isinstance(body, bytes) else "application/json"
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        prefix = sandbox_prefix(quote(sandbox, safe=""))
        headers = {} if body is None else {"Content-Type": kind}
        try:
            status, text = exchange(self._url, method, f"{prefix}/_mock{path}", content, headers, self._token)
        except RemoteError as error:
            raise ToolError(f"{error}. Start the server (mockserver serve), then call this tool again.") from None
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text.decode("utf-8", "replace")
