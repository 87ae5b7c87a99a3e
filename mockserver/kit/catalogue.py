"""What the providers there are have between them: names that scenarios may use, and the ledger of their behaviours."""

import sys
from collections.abc import Collection, Iterable
from itertools import chain
from pathlib import Path

from mockserver.core.compile import Catalogue
from mockserver.kit.provider import Provider
from mockserver.kit.summary import Summary, summary
from mockserver.provenance.behaviours import Ledger


def catalogue(providers: Iterable[Provider]) -> Catalogue:
    """The names that scenarios may use with these providers."""
    return catalogue_of([summary(each) for each in providers])


def catalogue_of(summaries: Collection[Summary]) -> Catalogue:
    """The names that scenarios may use with the providers of these summaries."""
    return Catalogue(
        operations=tuple(f"{each.name}.{operation}" for each in summaries for operation in each.operations),
        codes=frozenset(f"{each.name}:{code}" for each in summaries for code in each.codes),
        events=_each_once(each.events for each in summaries),
        tiers=_each_once(each.tiers for each in summaries),
        limits=_each_once(each.limits for each in summaries),
        providers=tuple(each.name for each in summaries),
    )


def _each_once(names: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(names)))


def ledger(providers: Collection[Provider]) -> Ledger:
    """The ledger of these providers."""
    return Ledger(lambda: {each.name: ledger_file(each) for each in providers})


def ledger_file(provider: Provider) -> Path:
    """Where the ledger of a provider is: `ledger.yaml` in its package, or NAME.ledger.yaml beside a module NAME.py."""
    module = sys.modules[type(provider).__module__]
    path = Path(getattr(module, "__file__", None) or f"{module.__name__}.py")
    return path.with_name("ledger.yaml") if path.stem == "provider" else path.with_suffix(".ledger.yaml")
