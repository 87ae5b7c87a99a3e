"""Searches, pages, places and reviews of DumplingAI tell the same story, and results follow from the query."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.conversation import Conversation
from tests.dumplingai_family import error, ok


async def test_a_search_returns_pages_about_the_query() -> None:
    async with Conversation() as t:
        for query in ("tide pools", "Kaffeemaschinen Test", "夕日 写真"):
            reply = await ok(t, "search", query=query)
            assert [each["position"] for each in reply["organic"]] == list(range(1, 11))
            for each in reply["organic"]:
                text = f"{each['title']} {each['snippet']}".lower()
                assert all(word in text for word in query.lower().split()), each
            assert len({each["link"] for each in reply["organic"]}) == 10
            assert reply["searchParameters"]["q"] == query


async def test_the_check_of_a_key_by_a_published_client_is_a_search_that_is_billed_and_noted() -> None:
    async with Conversation() as t:
        for body in ({"query": "Activepieces"}, {"query": "Activepieces", "page": 2}):
            await ok(t, "search", body)
        later, check = (await t.client.get("/_mock/journal?operation=dumplingai.search")).json()["entries"]
        assert "which is a search that costs 30 credits" in check["note"]
        assert "note" not in later
        account = (await t.client.get("/_mock/accounts/key-1?provider=dumplingai")).json()["accounts"][0]
        assert [entry["amount"] for entry in account["ledger"] if entry["kind"] == "reserve"] == [-30, -30]


async def test_a_scrape_says_what_the_search_said() -> None:
    async with Conversation() as t:
        for result in (await ok(t, "search"))["organic"]:
            page = await ok(t, "scrape", url=result["link"])
            assert page["title"] == result["title"]
            assert result["snippet"] in page["content"]
            assert page["metadata"]["description"] == result["snippet"]


async def test_scraped_results() -> None:
    async with Conversation() as t:
        options = {"format": "html", "cleaned": False}
        reply = await ok(t, "search", scrapeResults=True, numResultsToScrape=2, scrapeOptions=options)
        scraped = [each["scrapeOutput"] for each in reply["organic"] if "scrapeOutput" in each]
        assert len(scraped) == 2
        for each in scraped:
            assert each == await ok(t, "scrape", url=each["url"], **options)


async def test_pages_have_different_results() -> None:
    async with Conversation() as t:
        pages = [(await ok(t, "search", page=number))["organic"] for number in (1, 2, 10, 11)]
        links = [each["link"] for page in pages for each in page]
        assert len(links) == len(set(links)) == 30
        assert [each["position"] for each in pages[1]] == list(range(11, 21))


@pytest.mark.parametrize(("within", "days"), [("pastDay", 1), ("pastWeek", 7), ("pastYear", 365)])
async def test_results_are_within_the_range_of_dates(within: str, days: int) -> None:
    async with Conversation() as t:
        today = date(2025, 6, 1)
        found = [
            *(await ok(t, "search", dateRange=within))["organic"],
            *(await ok(t, "search_news", dateRange=within))["news"],
        ]
        for each in found:
            at = datetime.strptime(each["date"], "%b %d, %Y").replace(tzinfo=UTC).date()
            assert 0 <= (today - at).days <= days


async def test_empty_texts_are_as_if_they_were_missing() -> None:
    async with Conversation() as t:
        empty = {"country": "", "location": "", "language": ""}
        plain = await ok(t, "search", {"query": "tide pools"})
        assert await ok(t, "search", {"query": "tide pools", **empty}) == plain
        assert plain["searchParameters"] == {
            "q": "tide pools",
            "type": "search",
            "engine": "google",
            "gl": "us",
            "hl": "en",
        }
        german = await ok(t, "search", country="DE", language="de", location="Berlin")
        assert german["searchParameters"] | {"gl": "de", "hl": "de", "location": "Berlin"} == german["searchParameters"]


async def test_what_a_search_needs() -> None:
    async with Conversation() as t:
        for name in ("search", "search_news", "search_places", "search_maps", "get_autocomplete"):
            assert await error(t, name, 400, {}) == "query parameter is required"
        assert "dateRange" in await error(t, "search", 400, dateRange="pastCentury")


async def test_news_have_sources_and_dates() -> None:
    async with Conversation() as t:
        for each in (await ok(t, "search_news"))["news"]:
            page = await ok(t, "scrape", url=each["link"])
            assert (page["title"], page["metadata"]["siteName"]) == (each["title"], each["source"])


async def test_suggestions_begin_with_the_query() -> None:
    async with Conversation() as t:
        suggestions = [each["value"] for each in (await ok(t, "get_autocomplete", query="tide po"))["suggestions"]]
        assert len(suggestions) == 10
        assert all(each.startswith("tide po") for each in suggestions)


async def test_a_crawl_follows_the_links_of_pages() -> None:
    async with Conversation() as t:
        reply = await ok(t, "crawl", limit=12, depth=2)
        urls = [each["url"] for each in reply["results"]]
        assert (reply["pages"], reply["creditUsage"], len(set(urls))) == (12, 120, 12)
        for each in reply["results"][:3]:
            assert each["content"] == (await ok(t, "scrape", url=each["url"]))["content"]
        assert urls[1] in reply["results"][0]["content"]
        assert (await ok(t, "crawl", depth=0, limit=9))["pages"] == 1


async def test_the_forms_of_a_page() -> None:
    async with Conversation() as t:
        html = await ok(t, "scrape", format="html", cleaned=False)
        assert html["content"].startswith("<!DOCTYPE html>")
        clean = await ok(t, "scrape", format="html")
        assert clean["content"].startswith("<article>")
        picture = await ok(t, "scrape", format="screenshot")
        assert picture["content"].endswith(".png")
        text = (await ok(t, "crawl", format="text", limit=1))["results"][0]["content"]
        assert "#" not in text.splitlines()[0]


async def test_data_in_the_shape_of_the_schema() -> None:
    schema = {
        "type": "object",
        "properties": {
            "title": {"type": "string"},
            "price": {"type": "number"},
            "stock": {"type": "integer"},
            "kind": {"enum": ["book", "tool"]},
            "available": {"type": "boolean"},
            "articles": {"type": "array", "items": {"type": "object", "properties": {"author": {"type": "string"}}}},
        },
    }
    async with Conversation() as t:
        url = "https://www.fieldnotes.example/guides/tide-pools"
        data = (await ok(t, "extract", url=url, schema=schema))["results"]
        page = await ok(t, "scrape", url=url)
        assert data["title"] == page["title"]
        assert [type(data[name]) for name in ("price", "stock", "available")] == [float, int, bool]
        assert data["kind"] in ("book", "tool")
        assert len(data["articles"]) == 3
        plain = (await ok(t, "extract", url=url, schema={"title": "the title", "by": {"author": "string"}}))["results"]
        assert plain == {"title": page["title"], "by": {"author": page["metadata"]["author"]}}
        assert (await error(t, "extract", 400, schema={})).startswith("schema: ")


async def test_places_are_in_the_city_of_the_query() -> None:
    async with Conversation() as t:
        for more in (
            {"query": "best coffee shops in Berlin"},
            {"query": "coffee shops", "location": "Berlin, Germany"},
        ):
            reply = await ok(t, "search_places", more)
            assert len(reply["places"]) == 10
            for place in reply["places"]:
                assert place["address"].endswith("Berlin, Germany")
                assert abs(place["latitude"] - 52.52) < 0.1
                assert place["category"] == "Coffee shops"
        unknown = (await ok(t, "search_places", {"query": "bakery in Smallville"}))["places"][0]
        assert unknown["address"].endswith(", Smallville")
        second = await ok(t, "search_places", {"query": "best coffee shops in Berlin", "page": 2})
        assert second["places"][0]["position"] == 11


async def test_a_map_has_the_places_of_a_search() -> None:
    async with Conversation() as t:
        query: dict[str, Any] = {"query": "coffee in Berlin"}
        listed, mapped = (await ok(t, "search_places", query))["places"], await ok(t, "search_maps", query)
        assert [each["title"] for each in mapped["places"]] == [each["title"] for each in listed]
        assert mapped["ll"] == "@52.52,13.405,14z"
        for query in ({"query": "coffee in Berlin"}, {"query": "bakery in Smallville"}):
            first = (await ok(t, "search_maps", query))["places"][0]
            for chosen in ({"cid": first["cid"]}, {"placeId": first["placeId"]}):
                (one,) = (await ok(t, "search_maps", {"query": "anything", **chosen}))["places"]
                assert one == first
        unknown = await ok(t, "search_maps", {"query": "coffee", "cid": "12345"})
        assert unknown["places"][0]["cid"] == "12345"


@pytest.mark.parametrize(
    ("position", "address", "close_to"),
    [
        ("@48.85,2.35,14z", "Paris, France", (48.8566, 2.3522)),
        ("@-54.8,-68.3,12.5z", "", (-54.8, -68.3)),
        ("@91,0,3z", "London, United Kingdom", (51.5074, -0.1278)),
        ("here", "London, United Kingdom", (51.5074, -0.1278)),
    ],
)
async def test_a_map_at_a_position(position: str, address: str, close_to: tuple[float, float]) -> None:
    async with Conversation() as t:
        mapped = await ok(t, "search_maps", {"query": "coffee", "gpsPositionZoom": position})
        for place in mapped["places"]:
            assert place["address"].endswith(address)
            assert abs(place["latitude"] - close_to[0]) < 0.1
            assert abs(place["longitude"] - close_to[1]) < 0.1
        assert mapped["ll"] == (position if address != "London, United Kingdom" else "@51.5074,-0.1278,14z")
        first = mapped["places"][0]
        reviews = await ok(t, "get_google_reviews", {"placeId": first["placeId"]})
        assert (reviews["title"], reviews["sub_title"]) == (first["title"], first["address"])
        named = await ok(t, "search_maps", {"query": "coffee in Berlin", "gpsPositionZoom": position})
        assert named["places"][0]["address"].endswith("Berlin, Germany")


async def test_reviews_of_a_place() -> None:
    async with Conversation() as t:
        place = (await ok(t, "search_maps", {"query": "coffee in Berlin"}))["places"][0]
        by_cid = await ok(t, "get_google_reviews", {"cid": place["cid"], "reviews": 500, "sortBy": "lowest_rating"})
        assert by_cid["items_count"] == by_cid["reviews_count"] == place["ratingCount"]
        stars = [each["rating"]["value"] for each in by_cid["items"]]
        assert stars == sorted(stars)
        assert by_cid["rating"]["value"] == place["rating"] == round(sum(stars) / len(stars), 1)
        by_id = await ok(
            t, "get_google_reviews", {"placeId": place["placeId"], "reviews": 500, "sortBy": "lowest_rating"}
        )
        assert by_id["items"] == by_cid["items"]
        assert (by_id["title"], by_id["sub_title"]) == (place["title"], place["address"])
        named = await ok(t, "get_google_reviews", {"keyword": "coffee in Berlin"})
        assert (named["cid"], named["title"], named["items_count"]) == (place["cid"], place["title"], 10)
        times = [each["timestamp"] for each in (await ok(t, "get_google_reviews", sortBy="newest"))["items"]]
        assert times == sorted(times, reverse=True)
        assert await error(t, "get_google_reviews", 400, {}) == "one of keyword, cid and placeId is required"
