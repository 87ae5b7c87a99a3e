"""The commands in documents, found and done."""

import re
import shlex
from itertools import pairwise
from pathlib import Path

import httpx2

from tests.conversation import Conversation
from tests.documents import blocks

LOCAL = "http://localhost:8080"


def commands(page: Path, program: str) -> list[list[str]]:
    """The commands of a page that run a program, as words and without their comments."""
    text = "".join(block.code for block in blocks(page) if block.language == "sh").replace("\\\n", " ")
    # A newline within quotes does not end a command.
    found = re.findall(rf"^{program} (?:'[^']*'|[^'\n])*", text, re.MULTILINE)
    return [shlex.split(command, comments=True) for command in found]


async def called(t: Conversation, words: list[str]) -> httpx2.Response:
    """The reply to a curl command of this server: its method, URL, headers and data."""
    url = next(word for word in words if word.startswith(LOCAL))
    given = [(flag, value) for flag, value in pairwise(words) if flag in ("-H", "-d", "-X")]
    headers = dict(value.split(": ", 1) for flag, value in given if flag == "-H")
    data = "".join(value for flag, value in given if flag == "-d")
    method = next((value for flag, value in given if flag == "-X"), "POST" if data else "GET")
    return await t.client.request(method, url.removeprefix(LOCAL), headers=headers, content=data)
