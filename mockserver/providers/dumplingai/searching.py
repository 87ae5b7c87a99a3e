"""Searches: /api/v1/search, /search-news and /get-autocomplete. Results follow from the query."""

from typing import Annotated, Any, Literal

from pydantic import Field

from mockserver.kit.models import Body
from mockserver.providers.dumplingai import pages
from mockserver.providers.dumplingai.declare import v1
from mockserver.providers.dumplingai.inputs import Unset
from mockserver.providers.dumplingai.models import Sourced
from mockserver.providers.dumplingai.work import Task
from mockserver.wire.exchange import Exchange

CREDITS = 30
# What the Activepieces piece searches for when a user enters a key, and nothing else.
_KEY_CHECK = "Activepieces"
_BILLED_CHECK = f"equals the check of a key by the Activepieces piece, which is a search that costs {CREDITS} credits"
Query = Annotated[str, Field(min_length=1, max_length=2_000, description="what to search for")]
PageNumber = Annotated[int, Field(ge=1, le=100)]
Within = Literal["anyTime", "pastHour", "pastDay", "pastWeek", "pastMonth", "pastYear"]


class ScrapeOptions(Body):
    """How results are scraped."""

    format: Literal["markdown", "html", "screenshot"] = "markdown"
    cleaned: bool = True


class SearchNews(Sourced):
    """A search, with the country, the language and the age of results."""

    query: Query
    country: Unset = None
    location: Unset = None
    language: Unset = None
    within: Within = Field(default="anyTime", alias="dateRange")
    page: PageNumber = 1


class Search(SearchNews):
    """A search of the web, whose first results can be scraped."""

    scrape: bool = Field(default=False, alias="scrapeResults")
    scraped: int = Field(default=3, ge=1, le=10, alias="numResultsToScrape")
    options: ScrapeOptions = Field(default=ScrapeOptions(), alias="scrapeOptions")


class Autocomplete(Sourced):
    """The beginning of a search."""

    query: Query
    location: Unset = None
    country: Unset = None
    language: Unset = None


async def search(exchange: Exchange, body: Search) -> Task:
    """Return pages about the query, the first ones scraped if the request asks for it."""
    from mockserver.content.web import searching

    query = body.query.strip() or body.query
    seeded = pages.web(exchange)
    organic = searching.organic(seeded, query, body.page, body.within, exchange.now)
    count = min(body.scraped, len(organic)) if body.scrape else 0
    for result in organic[:count]:
        scraping = pages.Scrape(url=result["link"], format=body.options.format, cleaned=body.options.cleaned)
        result["scrapeOutput"] = await pages.scraped(exchange, scraping)
    questions = searching.questions(seeded, query)
    featured = {name: questions[0][name] for name in ("title", "snippet", "link")}
    reply = {
        "searchParameters": parameters(body, "search"), "organic": organic,
        **({"featuredSnippet": featured} if body.page == 1 else {}),
        "relatedSearches": [{"query": each} for each in searching.related(seeded, query)], "peopleAlsoAsk": questions,
    }  # fmt: skip
    is_check = body.query == _KEY_CHECK and body.model_fields_set == {"query"}
    return Task(CREDITS + count * pages.SCRAPE, reply, note=_BILLED_CHECK if is_check else None)


async def search_news(exchange: Exchange, body: SearchNews) -> Task:
    """Return articles about the query."""
    from mockserver.content.web import searching

    within = "" if body.within == "anyTime" else body.within
    articles = searching.news(pages.web(exchange), body.query.strip() or body.query, body.page, within, exchange.now)
    news = [
        {
            "title": page.title, "link": page.url, "snippet": page.description, "date": searching.shown(page.published),
            "source": page.site, "imageUrl": pages.cover(exchange, page.url), "position": position,
        }
        for position, page in articles
    ]  # fmt: skip
    return Task(CREDITS, {"searchParameters": parameters(body, "news"), "news": news})


async def get_autocomplete(exchange: Exchange, body: Autocomplete) -> Task:
    """Return searches that begin with the query."""
    from mockserver.content.web import searching

    suggestions = [{"value": each} for each in searching.suggestions(body.query)]
    return Task(CREDITS, {"searchParameters": parameters(body, "autocomplete"), "suggestions": suggestions})


def parameters(body: Any, kind: str) -> dict[str, Any]:
    """Return `searchParameters` of a reply: the query, and the settings that the request has."""
    country, location, number = (getattr(body, name, None) for name in ("country", "location", "page"))
    chosen = {
        "gl": (country or "us").lower(), "hl": body.language or "en", "location": location,
        "page": number if number and number > 1 else None,
    }  # fmt: skip
    return {"q": body.query, "type": kind, "engine": "google", **{k: v for k, v in chosen.items() if v is not None}}


OPERATIONS = (
    v1("search", search, Search),
    v1("search_news", search_news, SearchNews),
    v1("get_autocomplete", get_autocomplete, Autocomplete),
)
