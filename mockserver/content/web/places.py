"""Places on a map and their reviews, made up from their ids, and the places that a search for them returns."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from mockserver.content.people import person
from mockserver.content.web import words
from mockserver.content.web.pages import capital, slug
from mockserver.core.seeded import Seeded

PER_PAGE, MOST_PAGES = 10, 5
REVIEWS = 60
_NEWEST = datetime(2025, 5, 30, 16, 20, tzinfo=UTC)
_PLACE_ID = re.compile(r"ChIJ([A-Za-z0-9_-]{11})\Z")
_STARS = (5, 5, 4, 5, 3, 4, 5, 2, 4, 5, 1, 5, 4)


@dataclass(frozen=True)
class Place:
    """A place: its id, what kind of place it is, and the city that it is in. The rest follows from the id."""

    cid: str
    kind: str
    city: str
    seeded: Seeded

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
        """Latitude and longitude, within a few kilometres of the centre of the city."""
        lat, lon = _city(self.city)[1:3]
        return round(lat + self.seeded.unit("lat") / 20 - 0.025, 6), round(
            lon + self.seeded.unit("lon") / 20 - 0.025, 6
        )

    @property
    def address(self) -> str:
        """Street, number, city and country."""
        parts = (f"{self.seeded.integer(1, 190, 'number')} {self._street}", self.city, _city(self.city)[0])
        return ", ".join(filter(None, parts))

    @property
    def phone(self) -> str:
        """A number from a range that is reserved for fiction, where there is one."""
        return f"{_city(self.city)[3]}{self.seeded.integer(100, 199, 'phone')}"

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
        return str(self.seeded.choice(_city(self.city)[4].split("|"), "street"))

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


def place_of_cid(seeded: Seeded, cid: str, kind: str = "shop", city: str = "London") -> Place:
    """Return the place with this id. Kind and city are used if the id does not say them."""
    number = int(cid) % 2**64 if cid.isdecimal() and len(cid) < 30 else seeded.bits("cid", cid)
    return Place(str(number), kind, city, seeded.child("place", number))


def place_of_id(seeded: Seeded, place_id: str) -> Place:
    """Return the place with an id that starts with ChIJ, or with any other id."""
    found = _PLACE_ID.match(place_id)
    inside = int.from_bytes(urlsafe_b64decode(f"{found[1]}="), "big") if found else seeded.bits("place", place_id)
    return place_of_cid(seeded, str(inside))


def places(seeded: Seeded, query: str, location: str, number: int) -> Iterator[tuple[int, Place]]:
    """Yield the places on page `number` of a search with their positions, at most ten."""
    kind, city = _parts(query, location)
    first = (number - 1) * PER_PAGE + 1
    for position in range(first, first + PER_PAGE if number <= MOST_PAGES else first):
        cid = str(seeded.bits("cid", kind, city, position) | 1 << 63)
        yield position, place_of_cid(seeded, cid, kind, city)


def _parts(query: str, location: str) -> tuple[str, str]:
    """Return what is searched for, and the city: the one in the query, or that of `location`."""
    lists = words("places")
    found = [each for each in query.strip().split() if each.lower() not in lists["extra"]] or [query.strip() or "shop"]
    at = next((i for i, each in enumerate(found) if i and each.lower() in lists["near"]), len(found))
    named = " ".join(found[at + 1 :]).strip(" ,.")
    city = named or location.partition(",")[0].strip() or "London"
    known = next((each for each in lists["cities"] if each.lower() == city.lower()), None)
    return " ".join(found[:at])[:60].lower(), known or capital(city)[:60]


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
