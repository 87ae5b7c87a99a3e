"""Finds and runs the commands in documents."""

import re
import shlex
from itertools import pairwise
from pathlib import Path

import httpx2

from tests.conversation import Conversation
from tests.documents import blocks

LOCAL = "http://localhost:8080"


def commands(page: Path, program: str) -> list[list[str]]:
    """Return the commands of a page that run a program, split into words and without comments."""
    text = "".join(block.code for block in blocks(page) if block.language == "sh").replace("\\\n", " ")
    # A newline within quotes does not end a command.
    lines = re.findall(rf"^{program} (?:'[^']*'|[^'\n])*", text, re.MULTILINE)
    return [shlex.split(line, comments=True) for line in lines]


async def called(t: Conversation | httpx2.AsyncClient, words: list[str]) -> httpx2.Response:
    """Send the request of a curl command, with its method, URL, headers and data, and return the reply."""
    client = t.client if isinstance(t, Conversation) else t
    url = next(word for word in words if word.startswith(LOCAL))
    options = [(flag, value) for flag, value in pairwise(words) if flag in ("-H", "-d", "-X")]
    headers = dict(value.split(": ", 1) for flag, value in options if flag == "-H")
    data = "".join(value for flag, value in options if flag == "-d")
    method = next((value for flag, value in options if flag == "-X"), "POST" if data else "GET")
    return await client.request(method, url.removeprefix(LOCAL), headers=headers, content=data)
