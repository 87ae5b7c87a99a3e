"""The how-tos say nothing that does not work: their scenarios are read, their requests are answered."""

import json
import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest

from mockserver.kit.catalogue import catalogue
from mockserver.providers.registry import all_providers
from mockserver.scenario.library import Library
from tests.conversation import Conversation

DOCS = Path(__file__).parent.parent / "docs"
PAGES = ("how-to-faults.md", "how-to-webhooks.md", "how-to-verdict.md")
BASE = "http://localhost:8080"


def blocks(language: str) -> list[str]:
    text = "\n".join((DOCS / page).read_text("utf-8") for page in PAGES)
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.mark.parametrize("part", blocks("yaml"))
def test_a_part_of_a_scenario_is_right(part: str) -> None:
    providers = all_providers()
    library = Library(catalogue(providers), providers, ())
    library.program_of_text(f"scenario: how-to\nextends: default\n{part}".encode(), "docs")


def commands() -> list[list[str]]:
    text = "".join(blocks("sh")).replace("\\\n", " ")
    return [shlex.split(line) for line in text.splitlines() if line.startswith("curl")]


@pytest.mark.parametrize("command", commands(), ids=" ".join)
async def test_a_request_is_answered(command: list[str]) -> None:
    """As curl would send it, against a delivery that exists."""

    account = {"key": "*", "plan": "enterprise", "webhook": {"url": "http://127.0.0.1:9000/webhook"}}
    async with Conversation({"extends": "default", "accounts": [account]}) as t:
        await t.post("/videotoprompt/v1/analyze/url", {"url": "https://example.com/mock-fast.mp4"})
        (delivery,) = (await t.get("/_mock/deliveries?wait=5s")).json()["deliveries"]
        given = dict(pairwise(command))
        (url,) = [part.removeprefix(BASE) for part in command if part.startswith(BASE)]
        url = url.replace("dlv_…", delivery["id"])
        method = given.get("-X", "POST" if "-d" in command else "GET")
        body = json.loads(given["-d"]) if "-d" in command else None
        reply = await t.client.request(method, url, json=body)
        assert reply.status_code < 300, reply.text


@pytest.mark.parametrize("page", [*PAGES, "wire-faults.md"])
def test_links_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)", (DOCS / page).read_text("utf-8")):
        assert (DOCS / target).exists(), target
