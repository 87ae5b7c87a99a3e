"""The names that scenarios may use: operations, error codes, events, plans and limits of the providers."""

from collections.abc import Collection, Iterable
from itertools import chain

from mockserver.core.compile import Catalogue
from mockserver.kit.provider import Provider
from mockserver.kit.summary import Summary, summary


def catalogue(providers: Iterable[Provider]) -> Catalogue:
    """Return the names that scenarios may use with these providers."""
    return catalogue_of([summary(each) for each in providers])


def catalogue_of(summaries: Collection[Summary]) -> Catalogue:
    """Return the names that scenarios may use with the providers of these summaries."""
    return Catalogue(
        operations=tuple(f"{each.name}.{operation}" for each in summaries for operation in each.operations),
        codes=frozenset(f"{each.name}:{code}" for each in summaries for code in each.codes),
        events=_each_once(each.events for each in summaries),
        tiers=_each_once(each.tiers for each in summaries),
        limits=_each_once(each.limits for each in summaries),
        providers=tuple(each.name for each in summaries),
        files=tuple(f"{each.name}.{operation}" for each in summaries for operation in each.files),
        call_outs=_each_once(each.call_outs for each in summaries),
    )


def _each_once(names: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(names)))
