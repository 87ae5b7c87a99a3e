"""What the Unified API offers: capabilities, endpoints and providers, with the operations that do the work."""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

ObjectType = Literal["capability", "provider", "endpoint"]
OWN = "dumplingai"


class Entry(NamedTuple):
    """A capability, an endpoint or a provider.

    `operation` is the operation of v1 whose reply it has, or the name of one of `natives`. The first of `providers` is
    used if the request names none.
    """

    id: str
    kind: ObjectType
    name: str
    description: str
    operation: str = ""
    providers: tuple[str, ...] = ()


_CAPABILITIES = """
google_search|search|serper|Google Search|Search the web and get titles, links and snippets of pages
search_news|search_news|serper|News Search|Search news articles with their source and date
search_places|search_places|serper|Places Search|Search local businesses, shops and restaurants with address and phone
get_google_reviews|get_google_reviews|dataforseo|Google Reviews|Get customer reviews and the rating of a business
crawl_site|crawl|firecrawl|Crawl Site|Crawl a website and get the content of many pages
screenshot|screenshot|firecrawl,scrapingfish,phantomjscloud|Screenshot|Take a screenshot or picture of a web page
extract_web|extract|dumplingai|Extract Web Data|Extract structured data from a web page with a JSON schema
extract_document|extract_document|dumplingai|Extract Document|Answer a prompt about documents such as PDF files
extract_image|extract_image|dumplingai|Extract Image|Answer a prompt about images and photos
extract_audio|extract_audio|dumplingai|Extract Audio|Answer a prompt about audio files, recordings and podcasts
extract_video|extract_video|dumplingai|Extract Video|Answer a prompt about video files
scrape_page|scrape|firecrawl,scrapingfish|Scrape Page|Scrape the content of one web page as Markdown or HTML
get_youtube_transcript|get_youtube_transcript|transcriptapi|YouTube Transcript|Get the transcript or captions of a video
"""
_ENDPOINTS = """
serper.search|search|Search the web with Google
serper.news|search_news|Search Google News articles
serper.places|search_places|Search places and local businesses
serper.maps|search_maps|Search Google Maps with opening hours and positions
serper.autocomplete|get_autocomplete|Get autocomplete suggestions for a search
serper.images|images|Search images and photos
serper.videos|videos|Search videos
serper.shopping|shopping|Search products with prices in shops
serper.scholar|scholar|Search scientific papers and citations
serper.patents|patents|Search patents
perplexity.search|perplexity|Ask a question and get an answer with sources
firecrawl.scrape|scrape|Scrape a web page
firecrawl.screenshot|screenshot|Take a screenshot of a web page
scrapingfish.screenshot|screenshot|Take a screenshot of a web page through proxies
phantomjscloud.screenshot|screenshot|Take a screenshot of a web page in the cloud
transcriptapi.youtube_transcript|get_youtube_transcript|Get the transcript of a YouTube video
transcriptapi.youtube_search|youtube_search|Search videos on YouTube
dataforseo.dataforseo_labs_google_keyword_ideas|keyword_ideas|Get keyword ideas with search volume for SEO
"""
_PROVIDERS = """
serper|Serper|Results of Google Search: web, news, places, images and more
perplexity|Perplexity|Answers with sources
firecrawl|Firecrawl|Scraping, crawling and screenshots of web pages
scrapingfish|Scraping Fish|Screenshots and scraping through proxies
phantomjscloud|PhantomJsCloud|Screenshots of web pages in the cloud
transcriptapi|TranscriptAPI|Transcripts and search of YouTube videos
dataforseo|DataForSEO|Keywords, reviews and other data for SEO
dumplingai|DumplingAI|Extraction of data from documents, images, audio, video and web pages
"""


def _entries() -> Iterator[Entry]:
    for line in _CAPABILITIES.split("\n")[1:-1]:
        name, operation, providers, title, about = line.split("|")
        yield Entry(name, "capability", title, about, operation, tuple(providers.split(",")))
    for line in _ENDPOINTS.split("\n")[1:-1]:
        name, operation, about = line.split("|")
        yield Entry(
            name,
            "endpoint",
            name.replace(".", " ").replace("_", " ").title(),
            about,
            operation,
            (name.partition(".")[0],),
        )
    for line in _PROVIDERS.split("\n")[1:-1]:
        name, title, about = line.split("|")
        yield Entry(name, "provider", title, about, providers=(name,))


ENTRIES = tuple(_entries())
_SAID_OFTEN = frozenset(
    ["about", "and", "answer", "from", "get", "need", "prompt", "such", "that", "the", "want", "with"]
)
_BY_ID: dict[tuple[str, str], Entry] = {(entry.kind, entry.id): entry for entry in ENTRIES}


def find(kind: str, name: str) -> Entry | None:
    """Return the entry of a type with an id, or None."""
    return _BY_ID.get((kind, name))


def ranked(prompt: str, kind: str | None) -> list[Entry]:
    """Return the entries of a type, or of all types, those that fit the prompt best first."""
    asked = _words(prompt)

    def distance(entry: Entry) -> int:
        own = _words(f"{entry.id.replace('.', ' ').replace('_', ' ')} {entry.name} {entry.description}")
        return -sum(1 + len(word) // 4 for word in asked if word in own)

    return sorted((entry for entry in ENTRIES if kind in (None, entry.kind)), key=distance)


def related(entry: Entry) -> dict[str, list[str]]:
    """Return the ids of what has to do with an entry: its providers, and what they or the same operation offer."""

    def shares(other: Entry) -> bool:
        same = bool(entry.operation) and other.operation == entry.operation
        return other.id != entry.id and (same or (entry.kind == "provider" and entry.id in other.providers))

    found: dict[str, list[str]] = {"providers": list(entry.providers) if entry.kind != "provider" else []}
    for kind in ("endpoint", "capability"):
        key = f"{kind}s".replace("ys", "ies")
        found[key] = [other.id for other in ENTRIES if other.kind == kind and shares(other)]
    return found


def _words(text: str) -> set[str]:
    words = "".join(c if c.isalnum() else " " for c in text[:4_000].lower()).split()
    return {word.removesuffix("s") for word in words if len(word) > 2 and word not in _SAID_OFTEN}


def lean(entry: Entry) -> dict[str, Any]:
    """Return what a search says about an entry. Capabilities with a choice have no provider."""
    one = {"provider": entry.providers[0]} if len(entry.providers) == 1 and entry.kind != "provider" else {}
    return {"id": entry.id, "objectType": entry.kind, "name": entry.name, "description": entry.description, **one}
