"""Pages of the web, made up from their URL."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from urllib.parse import quote, unquote, urljoin, urlsplit

from mockserver.content.people import person
from mockserver.content.web import words
from mockserver.core.seeded import Seeded

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_DATED = re.compile(r"/(20[0-9]{2})/([01][0-9])/([0-3][0-9])/")
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,5}\Z")
_WORDS, _LONGEST = 10, 80
_FIRST_DAY = date(2022, 1, 3)
_DAYS = 1_000


@dataclass(frozen=True)
class Page:
    """A page: its URL, its topic in lower case, and the section of its site. `root` is the source of all pages."""

    url: str
    topic: str
    section: str
    root: Seeded

    @cached_property
    def seeded(self) -> Seeded:
        """The source of what is written on this page."""
        return self.root.child("page", self.url)

    @property
    def host(self) -> str:
        """The host of the URL, without `www`."""
        return _split(self.url)[0].removeprefix("www.")

    @cached_property
    def site(self) -> str:
        """The name of the site."""
        names = [name for listed in words("pages")["sites"].values() for name in listed]
        named = next((name for name in names if slug(name) == self.host.partition(".")[0]), None)
        return named or self.host.partition(".")[0].replace("-", " ").title()

    @cached_property
    def author(self) -> str:
        """The name of the author."""
        return person(self.seeded)[0]

    @cached_property
    def published(self) -> date:
        """The date in the URL, or another one."""
        dated = _DATED.search(_split(self.url)[1])
        try:
            return date(*map(int, dated.groups())) if dated else self._some_day()
        except ValueError:
            return self._some_day()

    @cached_property
    def title(self) -> str:
        """The title, which contains the topic."""
        forms = words("pages")["titles"]
        return self._filled(self.seeded.choice(forms.get(self.section, forms["other"]), "title"))

    @cached_property
    def description(self) -> str:
        """Two sentences about the page, as search engines show them."""
        return self._filled(self.seeded.choice(words("pages")["descriptions"], "description"))

    @cached_property
    def sections(self) -> list[tuple[str, list[str]]]:
        """The headings, with the sentences of a paragraph each."""
        lists = words("pages")
        count = self.seeded.integer(3, 5, "sections")
        headings = self.seeded.sample(lists["headings"], count, "headings")
        sentences = iter(self.seeded.sample(lists["sentences"], 4 * count, "sentences"))
        return [
            (self._filled(heading), [self._filled(next(sentences)) for _ in range(self.seeded.integer(2, 4, number))])
            for number, heading in enumerate(headings)
        ]

    @cached_property
    def links(self) -> list["Page"]:
        """Pages of the same site that this one links to."""
        if not self.host:
            return []
        topics = [form.format(topic=self.topic) for form in words("pages")["related"]]
        chosen = self.seeded.sample(topics, 4, "links")
        section = self.section if self.section != "other" else "pages"
        return [page_of(self.root, urljoin(self.url, f"/{section}/{slug(topic)}")) for topic in chosen]

    def _some_day(self) -> date:
        return _FIRST_DAY + timedelta(days=self.seeded.integer(0, _DAYS, "published"))

    def _filled(self, form: str) -> str:
        n, year = self.seeded.integer(3, 19, "n", form), self.published.year
        return form.format(topic=self.topic, Topic=capital(self.topic), author=self.author, n=n, year=year)


def page_of(seeded: Seeded, url: str) -> Page:
    """Return the page of a URL. `seeded` is the same source for all pages."""
    host, path = _split(url)
    *before, last = [unquote(each, errors="replace") for each in path.split("/") if each] or [""]
    found = _WORD.findall(_EXTENSION.sub("", last))[:_WORDS] or _WORD.findall(
        host.removeprefix("www.").partition(".")[0]
    )
    section = next((each for each in before if each in words("pages")["titles"]), "other")
    topic = " ".join(found).lower()[:_LONGEST] or "this page"
    return Page(url, topic, section, seeded)


def address(seeded: Seeded, topic: str, section: str, number: int, day: date | None = None) -> str:
    """Return the URL of a page about a topic in a section of a made-up site. With `day` the URL contains the date."""
    site = seeded.choice(words("pages")["sites"][section], "site", section, number)
    dated = f"{day:%Y/%m/%d}/" if day is not None else ""
    return f"https://www.{slug(site)}.example/{section}/{dated}{quote(slug(topic))}"


def _split(url: str) -> tuple[str, str]:
    """Return the host and the path of a URL; empty ones if it is not valid (RFC 3986 section 3.2.2)."""
    try:
        parts = urlsplit(url)
        return parts.hostname or "", parts.path
    except ValueError:
        return "", ""


def slug(text: str) -> str:
    """Return a text as the last part of a URL: at most ten words in lower case, joined by hyphens."""
    return "-".join(_WORD.findall(text.lower())[:_WORDS])[:_LONGEST] or "page"


def capital(text: str) -> str:
    """Return a text with a capital first letter."""
    return text[:1].upper() + text[1:]
