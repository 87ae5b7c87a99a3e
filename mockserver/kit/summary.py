"""What a server has to know of its providers to start, and the providers themselves, loaded when they are asked for."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from mockserver.kit.provider import Provider


class Summary(NamedTuple):
    """A provider as a server that has not loaded it knows it: where it is found, and what scenarios may name of it."""

    name: str
    title: str
    base_path: str
    hosts: tuple[str, ...]
    operations: tuple[str, ...]
    codes: tuple[str, ...]
    events: tuple[str, ...]
    tiers: tuple[str, ...]
    limits: tuple[str, ...]


def summary(provider: Provider) -> Summary:
    """The summary of a provider."""
    return Summary(
        name=provider.name,
        title=provider.title,
        base_path=provider.base_path,
        hosts=provider.hosts,
        operations=tuple(o.name for o in provider.operations if not o.hidden),
        codes=provider.codes,
        events=tuple(provider.events),
        tiers=(*provider.tiers, *provider.aliases),
        limits=tuple(dict.fromkeys(figure for tier in provider.tiers.values() for figure in tier)),
    )


class Providers(Mapping[str, Provider]):
    """The providers of a server by name, in the order in which they are shown. Each is loaded when first asked for."""

    def __init__(self, summaries: Iterable[Summary], load: Callable[[str], Provider]) -> None:
        self._summaries = {each.name: each for each in summaries}
        self._load = load
        self._loaded: dict[str, Provider] = {}

    @classmethod
    def of(cls, providers: Iterable[Provider]) -> "Providers":
        """Providers that are there already."""
        there = {each.name: each for each in providers}
        return cls(map(summary, there.values()), there.__getitem__)

    @property
    def summaries(self) -> tuple[Summary, ...]:
        """What is known of them without loading any."""
        return tuple(self._summaries.values())

    def __getitem__(self, name: str) -> Provider:
        provider = self._loaded.get(name)
        if provider is None:
            known, provider = self._summaries[name], self._load(name)
            if summary(provider) != known:
                raise RuntimeError(f"{name} is not as its summary says, which the server started by: make summaries")
            self._loaded[name] = provider
        return provider

    def __iter__(self) -> Iterator[str]:
        return iter(self._summaries)

    def __len__(self) -> int:
        return len(self._summaries)
