"""Results of searches: pages, news and suggestions for a query. They follow from the query, not from earlier ones."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from mockserver.content.web import words
from mockserver.content.web.pages import Page, address, page_of
from mockserver.core.seeded import Seeded

PER_PAGE, MOST_PAGES = 10, 10
_SECTIONS = ("guides", "wiki", "reviews", "blog", "forum", "learn", "news")
_DAYS = {"pastHour": 0, "pastDay": 1, "pastWeek": 7, "pastMonth": 30, "pastYear": 365}


def organic(seeded: Seeded, query: str, number: int, within: str, now: int) -> list[dict[str, Any]]:
    """Return the results on page `number` of a search, at most ten. `within` is a range of dates, such as `pastDay`."""
    results = []
    for position, page in _pages(seeded, query, number, within, now):
        result: dict[str, Any] = {"title": page.title, "link": page.url, "snippet": page.description}
        if position == 1:
            result["sitelinks"] = [
                {"title": name, "link": f"https://www.{page.host}/{name.lower()}"}
                for name in words("pages")["sitelinks"]
            ]
        results.append({**result, "date": shown(page.published), "position": position})
    return results


def news(seeded: Seeded, query: str, number: int, within: str, now: int) -> Iterator[tuple[int, Page]]:
    """Yield the news on page `number` with their positions."""
    for position in _positions(number):
        yield (
            position,
            _page(seeded, query, "news", position, _day(seeded, query, position, within or "pastMonth", now)),
        )


def related(seeded: Seeded, query: str) -> list[str]:
    """Return searches that people also make."""
    forms = seeded.sample(words("pages")["related"], 8, "related", query)
    return [form.format(topic=query) for form in forms]


def questions(seeded: Seeded, query: str) -> list[dict[str, str]]:
    """Return questions that people also ask, each with a page that answers it."""
    rows = []
    for number, form in enumerate(seeded.sample(words("pages")["questions"], 4, "questions", query)):
        page = _page(seeded, query, "guides", number + 1, None)
        answer = page.sections[number % len(page.sections)][1][0]
        rows.append({"question": form.format(topic=query), "snippet": answer, "title": page.title, "link": page.url})
    return rows


def suggestions(query: str) -> list[str]:
    """Return what a search box suggests for the beginning of a query."""
    return [f"{query.strip()}{ending}" for ending in words("pages")["suggestions"]]


def shown(day: date) -> str:
    """Return a date as results show it."""
    return f"{day:%b} {day.day}, {day.year}"


def _pages(seeded: Seeded, query: str, number: int, within: str, now: int) -> Iterator[tuple[int, Page]]:
    order = seeded.sample(_SECTIONS, len(_SECTIONS), "sections", query)
    for position in _positions(number):
        section = order[position % len(order)]
        yield position, _page(seeded, query, section, position, _day(seeded, query, position, within, now))


def _positions(number: int) -> range:
    first = (number - 1) * PER_PAGE + 1
    return range(first, first + PER_PAGE if number <= MOST_PAGES else first)


def _page(seeded: Seeded, query: str, section: str, position: int, day: date | None) -> Page:
    # Later results are about narrower topics, so that each URL is a different one.
    said = query.lower().split()
    forms = ["{topic}", *(form for form in words("pages")["related"] if not set(form.split()) & set(said))]
    topic = query if position == 1 else forms[position % len(forms)].format(topic=query)
    if position > len(forms):
        topic = f"{topic} part {position // len(forms) + 1}"
    return page_of(seeded, address(seeded.child("query", query), topic, section, position, day))


def _day(seeded: Seeded, query: str, position: int, within: str, now: int) -> date | None:
    if within not in _DAYS:
        return None
    today = datetime.fromtimestamp(now / 1000, UTC).date()
    return today - timedelta(days=seeded.integer(0, _DAYS[within], "day", query, position))
