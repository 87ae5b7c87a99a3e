"""A story of each flow of DumplingAI as a golden transcript."""

from collections.abc import Awaitable, Callable

import pytest

from tests.conversation import Conversation
from tests.dumplingai_family import WITH_KNOWLEDGE
from tests.golden_transcripts import Transcript

V1, V2 = "/dumplingai/api/v1", "/dumplingai/api/v2"
FILE = "https://example.com/files/minutes.pdf"


async def research(t: Transcript) -> None:
    """Search, read the first page, extract data from it, and look at it."""
    found = await t.send("POST", f"{V1}/search", {"query": "tide pools", "dateRange": "pastYear"})
    url = found["organic"][0]["link"]
    await t.send("POST", f"{V1}/scrape", {"url": url})
    await t.send("POST", f"{V1}/extract", {"url": url, "schema": {"title": "string", "author": "string"}})
    shot = await t.send("POST", f"{V1}/screenshot", {"url": url, "viewport": {"width": 640, "height": 360}})
    await t.send("GET", shot["screenshotUrl"].removeprefix("http://mock.test"))
    await t.send("POST", f"{V1}/crawl", {"url": url, "limit": 3})


async def places(t: Transcript) -> None:
    """Find a place, and read its reviews."""
    found = await t.send("POST", f"{V1}/search-maps", {"query": "coffee in Berlin"})
    cid = found["places"][0]["cid"]
    await t.send("POST", f"{V1}/get-google-reviews", {"cid": cid, "reviews": 2, "sortBy": "newest"})


async def videos(t: Transcript) -> None:
    """Read what is said in videos, and cut one."""
    await t.send("POST", f"{V1}/get-youtube-transcript", {"videoUrl": "https://youtu.be/dQw4w9WgXcQ"})
    page = await t.send("POST", f"{V1}/get-tiktok-profile-videos", {"handle": "sunnytrails", "trim": True})
    url = f"https://www.tiktok.com/@sunnytrails/video/{page['aweme_list'][0]['aweme_id']}"
    await t.send("POST", f"{V1}/get-tiktok-video", {"url": url})
    await t.send("POST", f"{V1}/get-tiktok-transcript", {"videoUrl": url})
    trim = {"videoUrl": "https://example.com/a.mp4", "startTimestamp": "00:00:20", "endTimestamp": "00:00:21"}
    cut = await t.send("POST", f"{V1}/trim-video", trim)
    await t.send("GET", cut["trimmedVideoUrl"].removeprefix("http://mock.test"))


async def documents(t: Transcript) -> None:
    """Ask about a document, merge it with another one, and read the metadata of the result."""
    await t.send("POST", f"{V1}/extract-document", {"inputMethod": "url", "files": [FILE], "prompt": "Summarize."})
    merge = {"inputMethod": "url", "files": [FILE, "https://example.com/b.pdf"], "metadata": {"Title": "Both"}}
    merged = await t.send("POST", f"{V1}/merge-pdfs", merge)
    await t.send("GET", merged["url"].removeprefix("http://mock.test"))
    await t.send("POST", f"{V1}/read-pdf-metadata", {"inputMethod": "url", "files": [FILE]})


async def agents(t: Transcript) -> None:
    """Ask an agent twice, and a knowledge base."""
    ask = {"agentId": "agent_1", "messages": [{"role": "user", "content": "How do I plan a hike?"}]}
    first = await t.send("POST", f"{V1}/agents/generate-completion", ask)
    again = {**ask, "messages": [{"role": "user", "content": "And in winter?"}], "threadId": first["threadId"]}
    await t.send("POST", f"{V1}/agents/generate-completion", again)
    text = {"knowledgeBaseId": "kb_1", "name": "Hours", "content": "The pool opens at nine."}
    await t.send("POST", f"{V1}/knowledge-bases/add", text)
    question = {"knowledgeBaseId": "kb_1", "query": "When does the pool open?"}
    await t.send("POST", f"{V1}/knowledge-bases/query", question)
    await t.send("POST", f"{V1}/run-python-code", {"code": "print(2 + 3)\nraise ValueError('no')"})


async def unified(t: Transcript) -> None:
    """Find a capability, read about it, run it, and see what it has cost."""
    await t.send("POST", f"{V2}/search", {"prompt": "search news articles", "limit": 1})
    details = {"type": "capability", "id": "get_youtube_transcript", "includeRelated": True}
    await t.send("POST", f"{V2}/details", details)
    await t.send("POST", f"{V2}/run", {"type": "capability", "id": "search_news", "input": {"query": "tides"}})
    await t.send("POST", f"{V2}/run", {"type": "endpoint", "id": "serper.web", "input": {}})
    await t.send("GET", f"{V2}/usage")
    await t.send("GET", f"{V2}/transactions")
    await t.send("GET", f"{V2}/balance")


@pytest.mark.parametrize("flow", [research, places, videos, documents, agents, unified], ids=lambda flow: flow.__name__)
async def test_a_flow_is_as_it_was(flow: Callable[[Transcript], Awaitable[None]]) -> None:
    async with Conversation(WITH_KNOWLEDGE) as t:
        transcript = Transcript(t)
        await flow(transcript)
        transcript.compare(f"dumplingai-{flow.__name__}")
