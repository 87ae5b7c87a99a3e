"""Summaries of the providers, which a server needs to start, and the providers, which are loaded when needed."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from mockserver.kit.provider import Provider


class Summary(NamedTuple):
    """The data of a provider that a server has without loading it: its addresses, and the names for scenarios.

    `files` are the operations that return the files of results. They are not in the documents.
    """

    name: str
    title: str
    base_path: str
    hosts: tuple[str, ...]
    operations: tuple[str, ...]
    codes: tuple[str, ...]
    events: tuple[str, ...]
    tiers: tuple[str, ...]
    limits: tuple[str, ...]
    files: tuple[str, ...] = ()
    call_outs: tuple[str, ...] = ()


def summary(provider: Provider) -> Summary:
    """Return the summary of a provider."""
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
        files=tuple(o.name for o in provider.operations if o.hidden and o.public and o.method == "GET"),
        call_outs=provider.call_outs,
    )


class Providers(Mapping[str, Provider]):
    """The providers of a server by name, in the order of the documents. Each is loaded when it is first needed."""

    def __init__(self, summaries: Iterable[Summary], load: Callable[[str], Provider]) -> None:
        self._summaries = {each.name: each for each in summaries}
        self._load = load
        self._loaded: dict[str, Provider] = {}

    @classmethod
    def of(cls, providers: Iterable[Provider]) -> "Providers":
        """Return a mapping of providers that are loaded already."""
        there = {each.name: each for each in providers}
        return cls(map(summary, there.values()), there.__getitem__)

    @property
    def summaries(self) -> tuple[Summary, ...]:
        """The summaries of all providers. None is loaded for them."""
        return tuple(self._summaries.values())

    def __getitem__(self, name: str) -> Provider:
        provider = self._loaded.get(name)
        if provider is None:
            known, provider = self._summaries[name], self._load(name)
            if summary(provider) != known:
                raise RuntimeError(f"the summary of {name} is out of date: run `make summaries`")
            self._loaded[name] = provider
        return provider

    def __iter__(self) -> Iterator[str]:
        return iter(self._summaries)

    def __len__(self) -> int:
        return len(self._summaries)
