"""Made-up names, addresses and prose for `${fake.name}` and its like, as Faker makes them.

Faker is loaded when the first of them is asked for: it takes longer to load than the server takes to start.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

from mockserver.core.seeded import Seeded

if TYPE_CHECKING:
    from faker import Faker

# The country whose habits a language follows, where it is not named alike, as in `de_DE`, and Faker has several.
_COUNTRIES = {"ar": "ar_AA", "el": "el_GR", "en": "en_US", "pt": "pt_BR", "zh": "zh_CN", "zh-TW": "zh_TW"}
# Addresses are in the domains that are kept for examples (RFC 2606): a client that follows one reaches nobody.
_MAKERS: Mapping[str, Callable[["Faker"], str]] = {
    "name": lambda faker: faker.name(),
    "email": lambda faker: faker.email(safe=True),
    "sentence": lambda faker: faker.sentence(),
    "paragraph": lambda faker: faker.paragraph(),
    "url": lambda faker: f"https://{faker.safe_domain_name()}/{faker.uri_path()}",
}
# A Faker is seeded and then asked, and servers in several threads share the few that there are.
_ONE_AT_A_TIME = Lock()


class Fakes:
    """The made-up values of one text, in one language: the first of a kind, the second, and so on.

    Each depends on the source, its kind and which of its kind it is, and not on what else was asked for.
    """

    __slots__ = ("_asked", "_language", "_seeded")

    def __init__(self, seeded: Seeded, language: str = "en") -> None:
        self._seeded = seeded
        self._language = language
        self._asked: Counter[str] = Counter()

    def next(self, kind: str) -> str:
        """The next value of a kind on the closed list."""
        self._asked[kind] += 1
        seed = int.from_bytes(self._seeded.digest(kind, self._asked[kind]), "big")
        faker = _faker(_locale(self._language))
        with _ONE_AT_A_TIME:
            faker.seed_instance(seed)
            return _MAKERS[kind](faker)


@cache
def _faker(locale: str) -> "Faker":
    from faker import Faker

    return Faker(locale)


@cache
def _available() -> tuple[str, ...]:
    from faker.config import AVAILABLE_LOCALES

    return tuple(sorted(AVAILABLE_LOCALES))


def _locale(language: str) -> str:
    """Faker's locale for a language tag, such as `de_DE` for `de`; American English where it has none."""
    primary = language.partition("-")[0]
    known = _COUNTRIES.get(language) or _COUNTRIES.get(primary)
    if known is not None:
        return known
    own = f"{primary}_{primary.upper()}"
    found = [each for each in _available() if each == primary or each.startswith(f"{primary}_")]
    # The language without a country comes first, and Faker knows less of it.
    return own if own in found else (found or ["en_US"])[-1]
