"""Places and their reviews: /api/v1/search-places, /search-maps and /get-google-reviews."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from mockserver.core.faults import Refusal
from mockserver.providers.dumplingai import files, pages
from mockserver.providers.dumplingai.declare import v1
from mockserver.providers.dumplingai.inputs import Unset
from mockserver.providers.dumplingai.models import Sourced
from mockserver.providers.dumplingai.searching import PageNumber, Query, parameters
from mockserver.providers.dumplingai.work import Save, Task
from mockserver.wire.exchange import Exchange

if TYPE_CHECKING:
    from mockserver.content.web.places import Area, Place

# The kind of the values that the areas of searches are kept as, by the mark that the ids of their places have.
_AREAS = "dumplingai.areas"
_LONDON = 1006886  # the code of the default location
_TIME = "%Y-%m-%d %H:%M:%S +00:00"
_PLACES, _MAPS, _PER_TEN = 30, 100, 50
Sorting = Literal["relevant", "newest", "highest_rating", "lowest_rating"]


class SearchPlaces(Sourced):
    """A search for places."""

    query: Query
    country: Unset = None
    location: Unset = None
    language: Unset = None
    page: PageNumber = 1


class SearchMaps(Sourced):
    """A search on a map, or one place by its id."""

    query: Query
    position: Unset = Field(default=None, alias="gpsPositionZoom", description="such as `@52.52,13.405,14z`")
    place_id: Unset = Field(default=None, alias="placeId")
    cid: Unset = None
    language: Unset = None
    page: PageNumber = 1


class GetReviews(Sourced):
    """A place by one of its ids or a keyword, and which of its reviews are wanted."""

    keyword: Unset = None
    cid: Unset = None
    place_id: Unset = Field(default=None, alias="placeId")
    reviews: int = Field(default=10, ge=1, le=500)
    sorting: Sorting = Field(default="relevant", alias="sortBy")
    language: Unset = None
    location: Unset = None


async def search_places(exchange: Exchange, body: SearchPlaces) -> Task:
    """Return places that fit the query."""
    from mockserver.content.web.places import area_of, places

    area = area_of(body.query, body.location or "")
    numbered = list(places(pages.web(exchange), area, body.page))
    listed = [{**_shown(position, place), "category": place.kind.capitalize()} for position, place in numbered]
    reply = {"searchParameters": parameters(body, "places"), "places": listed}
    return Task(_PLACES, reply, save=_keep(exchange, area))


async def search_maps(exchange: Exchange, body: SearchMaps) -> Task:
    """Return places on a map, or the one with the id of the request."""
    from mockserver.content.web.places import area_of, places, shown_position

    area = area_of(body.query, "", body.position or "")
    if body.cid or body.place_id:
        numbered = [(1, await _chosen(exchange, body, area))]
    else:
        numbered = list(places(pages.web(exchange), area, body.page))
    listed = [
        {
            **_shown(position, place),
            "type": place.kind.capitalize(),
            "types": [place.kind.capitalize(), "Point of interest"],
            "openingHours": place.hours,
            "thumbnailUrl": files.picture(exchange, 408, 306, "place", place.cid),
            "fid": place.fid,
            "placeId": place.place_id,
        }
        for position, place in numbered
    ]
    position = shown_position(numbered[0][1].area if numbered else area, body.position or "")
    reply = {"searchParameters": parameters(body, "maps"), "ll": position, "places": listed}
    return Task(_MAPS, reply, save=_keep(exchange, area))


async def get_google_reviews(exchange: Exchange, body: GetReviews) -> Task:
    """Return reviews of a place, and its rating."""
    from mockserver.content.web.places import area_of

    if not (body.keyword or body.cid or body.place_id):
        raise Refusal("invalid_request", "one of keyword, cid and placeId is required")
    area = area_of(body.keyword or "", body.location or "London")
    place = await _chosen(exchange, body, area)
    all_reviews = list(place.reviews())
    order = {"highest_rating": lambda each: -each["rating"], "lowest_rating": lambda each: each["rating"]}.get(
        body.sorting
    )
    listed = (
        sorted(all_reviews, key=order)
        if order
        else all_reviews
        if body.sorting == "newest"
        else all_reviews[::2] + all_reviews[1::2]
    )
    listed = listed[: body.reviews]
    reply = {
        "keyword": body.keyword,
        "type": "google_reviews",
        "se_domain": "google.com",
        "location_code": _LONDON,
        "language_code": body.language or "en",
        "check_url": f"https://www.google.com/maps?cid={place.cid}",
        "datetime": f"{datetime.fromtimestamp(exchange.now / 1000, UTC):{_TIME}}",
        "title": place.name,
        "sub_title": place.address,
        "feature_id": place.fid,
        "rating": _rating(place.rating, len(all_reviews)),
        "place_id": place.place_id,
        "cid": place.cid,
        "reviews_count": len(all_reviews),
        "items_count": len(listed),
        "items": [_review(exchange, place, each, n) for n, each in enumerate(listed, 1)],
    }
    return Task(-(-body.reviews // 10) * _PER_TEN, reply, save=_keep(exchange, area))


def _keep(exchange: Exchange, area: "Area") -> Save:
    """Return what keeps the area of a search, so that its places are the same by their ids."""
    from mockserver.content.web.places import places, search_of

    _, first = next(places(pages.web(exchange), area, 1))

    async def keep() -> None:
        await exchange.sandbox.store.put_value(_AREAS, search_of(first.cid), list(area))

    return keep


async def _chosen(exchange: Exchange, body: SearchMaps | GetReviews, area: "Area") -> "Place":
    """Return the place with an id of the request, or else the first one of a search in the area."""
    from mockserver.content.web.places import Area, cid_of, place_of_cid, places, search_of

    seeded = pages.web(exchange)
    if not (body.cid or body.place_id):
        return next(places(seeded, area, 1))[1]
    cid = cid_of(seeded, body.cid, body.place_id)
    kept = await exchange.sandbox.store.get_value(_AREAS, search_of(cid), exchange.now)
    kind, city, centre = kept or Area()
    return place_of_cid(seeded, cid, Area(kind, city, None if centre is None else (centre[0], centre[1])))


def _shown(position: int, place: "Place") -> dict[str, Any]:
    from mockserver.content.web.places import REVIEWS

    latitude, longitude = place.position
    return {
        "position": position,
        "title": place.name,
        "address": place.address,
        "latitude": latitude,
        "longitude": longitude,
        "website": place.website,
        "cid": place.cid,
        "rating": place.rating,
        "ratingCount": REVIEWS,
        "phoneNumber": place.phone,
    }


def _rating(value: float, votes: int | None) -> dict[str, Any]:
    return {"rating_type": "Max5", "value": value, "votes_count": votes, "rating_max": 5}


def _review(exchange: Exchange, place: Any, review: dict[str, Any], rank: int) -> dict[str, Any]:
    at, picture = review["at"], files.picture(exchange, 600, 450, "review", review["review_id"])
    page = f"https://www.google.com/maps/reviews/{review['review_id']}?cid={place.cid}"
    answered = at + timedelta(days=1) if review["answer"] else None
    image = {"type": "images_element", "alt": f"Picture of {place.name}", "url": page, "image_url": picture}
    return {
        "type": "google_reviews_search", "rank_group": rank, "rank_absolute": rank, "position": "left",
        "review_text": review["text"], "original_review_text": None, "time_ago": _ago(exchange, at),
        "timestamp": f"{at:{_TIME}}", "rating": _rating(review["rating"], None),
        "reviews_count": review["reviews_of_author"], "photos_count": review["votes"],
        "local_guide": review["reviews_of_author"] > 40, "profile_name": review["by"], "review_url": page,
        "profile_url": f"https://www.google.com/maps/contrib/{int(review['votes']) + rank:021}",
        "profile_image_url": files.picture(exchange, 64, 64, "author", review["by"]),
        "owner_answer": review["answer"], "original_owner_answer": None,
        "owner_time_ago": _ago(exchange, answered) if answered else None,
        "owner_timestamp": f"{answered:{_TIME}}" if answered else None,
        "review_id": review["review_id"], "images": [image] if review["votes"] > 7 else None,
    }  # fmt: skip


def _ago(exchange: Exchange, at: datetime) -> str:
    days = max(1, (exchange.now - round(at.timestamp() * 1000)) // 86_400_000)
    count, unit = (days // 30, "month") if days >= 30 else (days, "day")
    return f"{count} {unit}{'s' if count > 1 else ''} ago"


def _one_of(schema: dict[str, Any]) -> None:
    """Add to the schema that one of the ids or a keyword is needed, for the documents."""
    text = {"type": "string", "minLength": 1, "maxLength": 200}
    schema["anyOf"] = [{"required": [name], "properties": {name: text}} for name in ("keyword", "cid", "placeId")]


GetReviews.model_config["json_schema_extra"] = _one_of

OPERATIONS = (
    v1("search_places", search_places, SearchPlaces),
    v1("search_maps", search_maps, SearchMaps),
    v1("get_google_reviews", get_google_reviews, GetReviews),
)
