"""Pages of the web: /api/v1/scrape, /crawl, /extract and /screenshot. What a page says follows from its URL."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from mockserver.core.seeded import Seeded
from mockserver.kit.models import Body, WebUrl
from mockserver.providers.dumplingai import files
from mockserver.providers.dumplingai.declare import v1
from mockserver.providers.dumplingai.models import Sourced
from mockserver.providers.dumplingai.work import Task
from mockserver.wire.exchange import Exchange

if TYPE_CHECKING:
    from mockserver.content.web.pages import Page

SCRAPE, _CRAWL, _EXTRACT, _SCREENSHOT, _EXTRA = 10, 10, 250, 20, 10
_VIEW, _FULL = 1024, 2.4
_WIDEST, _HIGHEST = 3_840, 10_240
Format = Literal["markdown", "html", "screenshot"]
Side = Annotated[int, Field(ge=0, le=_HIGHEST)]


class Scrape(Sourced):
    """A page, and the form in which it is returned."""

    url: WebUrl
    format: Format = "markdown"
    cleaned: bool = Field(default=True, description="false: with menu and footer")
    render: bool = Field(default=True, alias="renderJs")


class Crawl(Sourced):
    """A page, and how many pages are followed from it."""

    url: WebUrl
    limit: int = Field(default=5, ge=1, le=100)
    depth: int = Field(default=2, ge=0, le=10)
    format: Literal["markdown", "text", "raw"] = "markdown"


class Extract(Sourced):
    """A page, and a JSON Schema or an example of the data that is wanted."""

    url: WebUrl
    wanted: dict[str, Any] = Field(alias="schema", min_length=1)


class Viewport(Body):
    """The size of the window in pixels."""

    width: int = Field(default=_VIEW, ge=1, le=_WIDEST)
    height: int = Field(default=_VIEW, ge=1, le=_HIGHEST)


class Rectangle(Body):
    """A part of the picture in pixels."""

    left: Side = 0
    top: Side = 0
    width: int = Field(ge=1, le=_WIDEST)
    height: int = Field(ge=1, le=_HIGHEST)


class Screenshot(Sourced):
    """A page, and how its picture is taken."""

    url: WebUrl
    full: bool = Field(default=False, alias="fullPage")
    viewport: Viewport = Viewport()
    clip: Rectangle | None = Field(default=None, alias="clipRectangle")
    block: bool = Field(default=True, alias="blockCookieBanners")
    wait: int = Field(default=0, ge=0, le=5_000, description="milliseconds")
    scroll: bool = Field(default=False, alias="autoScroll")


def web(exchange: Exchange) -> Seeded:
    """Return the source of all pages."""
    return exchange.seeded.child("dumplingai", "web")


def cover(exchange: Exchange, url: str) -> str:
    """Return the link to the picture of an article."""
    return files.picture(exchange, 640, 360, "cover", url)


async def scrape(exchange: Exchange, body: Scrape) -> Task:
    """Return a page as Markdown, HTML or a picture."""
    return Task(SCRAPE, await scraped(exchange, body))


async def scraped(exchange: Exchange, body: Scrape) -> dict[str, Any]:
    """Return a page in the requested form."""
    from mockserver.content.web.rendering import metadata, rendered

    page = _page(exchange, body.url)
    content = (
        await _picture(exchange, body.url, _VIEW, _VIEW)
        if body.format == "screenshot"
        else rendered(page, body.format, cleaned=body.cleaned)
    )
    return {
        "title": page.title, "metadata": {**metadata(page), "statusCode": 200}, "url": body.url, "format": body.format,
        "cleaned": body.cleaned, "content": content,
    }  # fmt: skip


async def crawl(exchange: Exchange, body: Crawl) -> Task:
    """Return a page, the pages that it links to, and so on."""
    from mockserver.content.web.rendering import rendered

    found = _followed(_page(exchange, body.url), body.depth, body.limit)
    results = [{"content": rendered(each, body.format), "url": each.url, "status": 200} for each in found]
    credits = _CRAWL * len(results)
    reply = {
        "url": body.url, "format": body.format, "depth": body.depth, "limit": body.limit, "pages": len(results),
        "results": results, "creditUsage": credits,
    }  # fmt: skip
    return Task(credits, reply)


async def extract(exchange: Exchange, body: Extract) -> Task:
    """Return data about a page in the shape that the schema has."""
    from mockserver.content.web.filling import filled

    data = filled(_page(exchange, body.url), body.wanted)
    picture = await _picture(exchange, body.url, _VIEW, _VIEW)
    return Task(_EXTRACT, {"screenshotUrl": picture, "results": data if isinstance(data, dict) else {"items": data}})


async def screenshot(exchange: Exchange, body: Screenshot) -> Task:
    """Return the link to a picture of a page. It has the size of the clip, or else of the window or the whole page."""
    width, height = body.viewport.width, body.viewport.height
    if body.full:
        height = min(_HIGHEST, round(height * _FULL))
    elif body.clip is not None:
        width, height = body.clip.width, body.clip.height
    credits = _SCREENSHOT + _EXTRA * (body.scroll + bool(body.wait))
    rows = ("rule.full_page",) if body.full else ()
    return Task(credits, {"screenshotUrl": await _picture(exchange, body.url, width, height)}, rows)


def _page(exchange: Exchange, url: str) -> "Page":
    from mockserver.content.web.pages import page_of

    return page_of(web(exchange), url)


def _followed(page: "Page", depth: int, limit: int) -> Iterator["Page"]:
    """Yield a page and the pages that it leads to within so many steps, the nearest first, each once."""
    known, level = {page.url}, [page]
    for _ in range(depth + 1):
        for each in level:
            yield each
            limit -= 1
            if limit <= 0:
                return
        following = {link.url: link for each in level for link in each.links if link.url not in known}
        known.update(following)
        level = list(following.values())[:limit]


async def _picture(exchange: Exchange, url: str, width: int, height: int) -> str:
    return await files.link(exchange, "png", {"page": True, "seed": url, "width": width, "height": height})


OPERATIONS = (
    v1("scrape", scrape, Scrape),
    v1("crawl", crawl, Crawl),
    v1("extract", extract, Extract),
    v1("screenshot", screenshot, Screenshot),
)
