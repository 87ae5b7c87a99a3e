"""The endpoints of the Unified API that no operation of v1 has, such as a search for pictures."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import Field

from mockserver.core.faults import Refusal
from mockserver.core.seeded import Seeded
from mockserver.providers.dumplingai import files, pages
from mockserver.providers.dumplingai.inputs import Unset
from mockserver.providers.dumplingai.models import Sourced
from mockserver.providers.dumplingai.searching import PageNumber, Query
from mockserver.providers.dumplingai.videos import keep_titles, youtube_video
from mockserver.providers.dumplingai.work import Task
from mockserver.wire.exchange import Exchange

CREDITS = 10
_ROWS = 10


class Native(Sourced):
    """A query."""

    query: Query
    country: Unset = None
    location: Unset = None
    language: Unset = None
    page: PageNumber = 1


class KeywordIdeas(Sourced):
    """Keywords, or one keyword."""

    keyword: str = Field(default="", max_length=200)
    keywords: list[str] = Field(default=[], max_length=200)
    location: Unset = None
    language: Unset = None


Row = Callable[[Exchange, Any, int], dict[str, Any]]


async def answer(exchange: Exchange, name: str, body: Any) -> Task:
    """Return what the endpoint replies."""
    if isinstance(body, KeywordIdeas):
        keywords = [each for each in (body.keyword, *body.keywords) if each]
        if not keywords:
            raise Refusal("invalid_request", "input.keyword is required")
        return Task(CREDITS, {"keywords": keywords, "items": _ideas(pages.web(exchange), keywords)})
    from mockserver.content.web.searching import organic

    results = organic(pages.web(exchange), body.query, body.page, "", exchange.now)
    if name == "perplexity":
        return Task(CREDITS, _answered(exchange, body.query, [result["link"] for result in results[:5]]))
    rows = [_LISTS[name][1](exchange, result, n) for n, result in enumerate(results[:_ROWS], 1)]
    parameters = {"q": body.query, "type": name, "engine": "google"}
    save = keep_titles(exchange, rows) if _LISTS[name][0] == "videos" else None
    return Task(CREDITS, {"searchParameters": parameters, _LISTS[name][0]: rows}, save=save)


def _image(exchange: Exchange, result: dict[str, Any], number: int) -> dict[str, Any]:
    url = files.picture(exchange, 1200, 800, "image", result["link"])
    return {
        "title": result["title"], "imageUrl": url, "imageWidth": 1200, "imageHeight": 800, "link": result["link"],
        "thumbnailUrl": files.picture(exchange, 300, 200, "image", result["link"]), "position": number,
    }  # fmt: skip


def _video(exchange: Exchange, result: dict[str, Any], number: int) -> dict[str, Any]:
    video = youtube_video(
        exchange, f"https://www.youtube.com/watch?v={exchange.seeded.token(11, 'video', result['link'])}"
    )
    minutes, seconds = divmod(video.duration // 1000, 60)
    return {
        "title": result["title"],
        "link": video.url,
        "snippet": result["snippet"],
        "channel": video.channel,
        "duration": f"{minutes}:{seconds:02}",
        "imageUrl": files.picture(exchange, 336, 188, "youtube", video.id),
        "position": number,
    }


def _product(exchange: Exchange, result: dict[str, Any], number: int) -> dict[str, Any]:
    seeded = exchange.seeded.child("product", result["link"])
    price = seeded.integer(900, 24_900, "price") / 100
    return {
        "title": result["title"],
        "source": result["link"].split("/")[2].removeprefix("www."),
        "link": result["link"],
        "price": f"${price:.2f}",
        "rating": seeded.integer(34, 49, "rating") / 10,
        "ratingCount": seeded.integer(4, 900, "count"),
        "imageUrl": files.picture(exchange, 400, 400, "product", result["link"]),
        "position": number,
    }


def _paper(exchange: Exchange, result: dict[str, Any], number: int) -> dict[str, Any]:
    seeded = exchange.seeded.child("paper", result["link"])
    return {
        "title": result["title"],
        "link": result["link"],
        "snippet": result["snippet"],
        "year": seeded.integer(2004, 2024, "year"),
        "citedBy": seeded.integer(0, 800, "cited"),
        "position": number,
    }


def _patent(exchange: Exchange, result: dict[str, Any], number: int) -> dict[str, Any]:
    seeded = exchange.seeded.child("patent", result["link"])
    return {
        "title": result["title"],
        "snippet": result["snippet"],
        "publicationNumber": f"US{seeded.integer(8_000_000, 11_900_000, 'n')}B2",
        "filingDate": f"{seeded.integer(2002, 2023, 'year')}-{seeded.integer(1, 12, 'month'):02}-11",
        "link": result["link"],
        "position": number,
    }


# The name of the list in the reply, and what makes one of its rows.
_LISTS: Mapping[str, tuple[str, Row]] = {
    "images": ("images", _image),
    "videos": ("videos", _video),
    "youtube_search": ("videos", _video),
    "shopping": ("shopping", _product),
    "scholar": ("organic", _paper),
    "patents": ("organic", _patent),
}
MODELS: Mapping[str, type[Sourced]] = {**dict.fromkeys((*_LISTS, "perplexity"), Native), "keyword_ideas": KeywordIdeas}


def _answered(exchange: Exchange, query: str, links: list[str]) -> dict[str, Any]:
    from mockserver.content.web.replies import reply, tokens

    text = reply(pages.web(exchange), query, [], as_json=False)
    return {"text": text, "citations": links, "usage": {"totalTokens": tokens(query) + tokens(text)}}


def _ideas(seeded: Seeded, keywords: list[str]) -> list[dict[str, Any]]:
    from mockserver.content.web.searching import suggestions

    words = [idea for keyword in keywords[:20] for idea in suggestions(keyword[:200])]
    return [
        {
            "keyword": word,
            "searchVolume": seeded.integer(1, 900, "volume", word) * 10,
            "cpc": seeded.integer(5, 900, "cpc", word) / 100,
            "competition": seeded.choice(("LOW", "MEDIUM", "HIGH"), "competition", word),
        }
        for word in words
    ]
