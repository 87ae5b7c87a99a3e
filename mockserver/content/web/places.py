"""Places on a map and their reviews, made up from their ids, and the places that a search for them returns."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from mockserver.content.people import person
from mockserver.content.web import words
from mockserver.content.web.pages import capital, slug
from mockserver.core.seeded import Seeded

PER_PAGE, MOST_PAGES = 10, 5
REVIEWS = 60
_NEWEST = datetime(2025, 5, 30, 16, 20, tzinfo=UTC)
_PLACE_ID = re.compile(r"ChIJ([A-Za-z0-9_-]{11})\Z")
_POSITION = re.compile(r"@(-?\d{1,3}(?:\.\d{1,20})?),(-?\d{1,3}(?:\.\d{1,20})?),\d{1,2}(?:\.\d{1,20})?[zm]\Z")
# A cid has the first bit set, then the mark of its search, then a number that differs in each search.
_OWN_BITS = 39
_NEAR = 0.7  # degrees
_STARS = (5, 5, 4, 5, 3, 4, 5, 2, 4, 5, 1, 5, 4)


class Area(NamedTuple):
    """What kind of places a search is for, and where: in a city, or around a position outside the listed cities."""

    kind: str = "shop"
    city: str = "London"
    centre: tuple[float, float] | None = None

    @property
    def middle(self) -> tuple[float, float]:
        """Latitude and longitude."""
        return self.centre or _city(self.city)[1:3]


@dataclass(frozen=True)
class Place:
    """A place: its id, and the area of the search that finds it. The rest follows from them."""

    cid: str
    area: Area
    seeded: Seeded

    @property
    def kind(self) -> str:
        """What kind of place it is."""
        return self.area.kind

    @cached_property
    def name(self) -> str:
        """The name on the sign."""
        lists = words("places")
        return str(self.seeded.choice(lists["names"], "form")).format(
            first=self.seeded.choice(lists["firsts"], "first"),
            family=person(self.seeded)[0].split()[-1],
            street=self._street,
            noun=_singular(self.kind).title(),
        )

    @property
    def place_id(self) -> str:
        """The id that starts with ChIJ. It contains the cid, so that both lead to the same place."""
        return "ChIJ" + urlsafe_b64encode(int(self.cid).to_bytes(8, "big")).decode().rstrip("=")

    @property
    def fid(self) -> str:
        """The third id: two hexadecimal numbers, the second of which is the cid."""
        return f"0x{self.seeded.hexadecimal(16, 'fid')}:0x{int(self.cid):x}"

    @property
    def stars(self) -> list[int]:
        """The rating of each review, newest first."""
        offset = self.seeded.integer(0, len(_STARS) - 1, "stars")
        return [_STARS[(offset + number * 5) % len(_STARS)] for number in range(REVIEWS)]

    @property
    def rating(self) -> float:
        """The mean of the ratings, with one decimal."""
        return round(sum(self.stars) / REVIEWS, 1)

    @property
    def position(self) -> tuple[float, float]:
        """Latitude and longitude, within a few kilometres of the middle of the area."""
        lat, lon = self.area.middle
        return round(lat + self.seeded.unit("lat") / 20 - 0.025, 6), round(
            lon + self.seeded.unit("lon") / 20 - 0.025, 6
        )

    @property
    def address(self) -> str:
        """Street, number, city and country. A position outside the listed cities has only the street and number."""
        city = self.area.city
        parts = (f"{self.seeded.integer(1, 190, 'number')} {self._street}", city, _city(city)[0])
        return ", ".join(filter(None, parts))

    @property
    def phone(self) -> str:
        """A number from a range that is reserved for fiction, where there is one."""
        return f"{_city(self.area.city)[3]}{self.seeded.integer(100, 199, 'phone')}"

    @property
    def website(self) -> str:
        """The address of the place's own site."""
        return f"https://www.{slug(self.name)}.example/"

    @property
    def hours(self) -> dict[str, str]:
        """The opening hours by the day of the week."""
        lists = words("places")
        usual = self.seeded.choice(lists["hours"][1:], "hours")
        closed = self.seeded.choice(lists["days"], "closed")
        return {day: "Closed" if day == closed else usual for day in lists["days"]}

    @property
    def _street(self) -> str:
        return str(self.seeded.choice(_city(self.area.city)[4].split("|"), "street"))

    def reviews(self) -> Iterator[dict[str, Any]]:
        """Yield the reviews, newest first."""
        lists = words("places")
        for number, stars in enumerate(self.stars):
            seeded = self.seeded.child("review", number)
            at = _NEWEST - timedelta(
                days=number * 5 + seeded.integer(0, 4, "day"), minutes=seeded.integer(0, 600, "min")
            )
            text = str(seeded.choice(lists["reviews"][str(stars)], "text"))
            yield {
                "review_id": f"Ci9DAIQ{seeded.token(24, 'id')}",
                "rating": stars,
                "at": at,
                "text": text.format(name=person(seeded.child("staff"))[0].split()[0], n=seeded.integer(5, 25, "n")),
                "by": person(seeded)[0],
                "reviews_of_author": seeded.integer(1, 80, "count"),
                "answer": lists["answers"][int(stars < 4)] if seeded.integer(0, 3, "answered") == 0 else None,
                "votes": seeded.integer(0, 9, "votes"),
            }


def place_of_cid(seeded: Seeded, cid: str, area: Area) -> Place:
    """Return the place with this id in an area."""
    return Place(cid, area, seeded.child("place", int(cid)))


def cid_of(seeded: Seeded, cid: str | None, place_id: str | None) -> str:
    """Return the number of a place by either id. Any text is an id: it has a number of its own."""
    if cid:
        return str(int(cid) % 2**64 if cid.isdecimal() and len(cid) < 30 else seeded.bits("cid", cid))
    match = _PLACE_ID.match(place_id or "")
    if match is None:
        return str(seeded.bits("place", place_id or ""))
    return str(int.from_bytes(urlsafe_b64decode(f"{match[1]}="), "big"))


def search_of(cid: str) -> str:
    """Return the mark of the searches that find a place: those for the same kind in the same area."""
    return f"{int(cid) >> _OWN_BITS:x}"


def places(seeded: Seeded, area: Area, number: int) -> Iterator[tuple[int, Place]]:
    """Yield the places on page `number` of a search with their positions, at most ten."""
    names = (area.kind, area.city, *map(str, area.centre or ()))
    first = (number - 1) * PER_PAGE + 1
    mark = (seeded.bits("search", *names) | 1 << 63) >> _OWN_BITS << _OWN_BITS
    for position in range(first, first + PER_PAGE if number <= MOST_PAGES else first):
        own = seeded.bits("cid", *names, position) % (1 << _OWN_BITS)
        yield position, place_of_cid(seeded, str(mark | own), area)


def area_of(query: str, location: str, position: str = "") -> Area:
    """Return what a query is for. The city is that of the query or of `location`, or else follows from the position.

    `position` is latitude, longitude and zoom, such as `@52.52,13.405,14z`. A text of another form counts as missing.
    """
    lists = words("places")
    terms = [each for each in query.strip().split() if each.lower() not in lists["extra"]] or [query.strip() or "shop"]
    at = next((i for i, each in enumerate(terms) if i and each.lower() in lists["near"]), len(terms))
    kind, named = " ".join(terms[:at])[:60].lower(), " ".join(terms[at + 1 :]).strip(" ,.")
    city, here = named or location.partition(",")[0].strip(), _coordinates(position)
    if not city and here is not None:
        near = next((name for name in lists["cities"] if _is_near(here, _city(name)[1:3])), None)
        return Area(kind, "", here) if near is None else Area(kind, near)
    known = next((each for each in lists["cities"] if each.lower() == (city or "London").lower()), None)
    return Area(kind, known or capital(city)[:60])


def shown_position(area: Area, position: str = "") -> str:
    """Return the position of the map of a search: the one of the request, or else the middle of the area."""
    if _coordinates(position) is not None:
        return position
    latitude, longitude = area.middle
    return f"@{latitude:.7g},{longitude:.7g},14z"


def _coordinates(position: str) -> tuple[float, float] | None:
    """Return latitude and longitude, or None if the text has none that exist."""
    match = _POSITION.match(position)
    point = (float(match[1]), float(match[2])) if match else None
    return point if point is not None and abs(point[0]) <= 90 and abs(point[1]) <= 180 else None


def _is_near(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return max(abs(one[0] - other[0]), abs(one[1] - other[1])) < _NEAR


def _city(name: str) -> tuple[str, float, float, str, str]:
    """Return country, position, numbers and streets of a city. One that is not listed has them near a listed one."""
    cities = words("places")["cities"]
    if name in cities:
        country, lat, lon, phone, streets = cities[name]
        return country, lat, lon, phone, streets
    place = Seeded("city", name)
    _, lat, lon, phone, streets = place.choice(list(cities.values()), "near")
    return "", lat + place.unit("lat") * 4 - 2, lon + place.unit("lon") * 4 - 2, phone, streets


def _singular(kind: str) -> str:
    return kind[:-1] if kind.endswith("s") and not kind.endswith("ss") else kind
