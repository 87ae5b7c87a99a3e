"""What the providers there are have between them: names that scenarios may use, and the ledger of their behaviours."""

import sys
from collections.abc import Iterable
from pathlib import Path

from mockserver.core.compile import Catalogue
from mockserver.kit.provider import Provider
from mockserver.provenance.behaviours import Ledger


def catalogue(providers: tuple[Provider, ...]) -> Catalogue:
    """The names that scenarios may use with these providers."""
    tiers = [t for p in providers for t in (*p.tiers, *p.aliases)]
    figures = [f for p in providers for tier in p.tiers.values() for f in tier]
    return Catalogue(
        operations=tuple(f"{p.name}.{o.name}" for p in providers for o in p.operations if not o.hidden),
        codes=frozenset(f"{p.name}:{code}" for p in providers for code in p.codes),
        events=tuple(dict.fromkeys(e for p in providers for e in p.events)),
        tiers=tuple(dict.fromkeys(tiers)),
        limits=tuple(dict.fromkeys(figures)),
        providers=tuple(p.name for p in providers),
    )


def ledger(providers: Iterable[Provider]) -> Ledger:
    """The ledger of these providers."""
    return Ledger({p.name: ledger_file(p) for p in providers})


def ledger_file(provider: Provider) -> Path:
    """Where the ledger of a provider is: `ledger.yaml` in its package, or NAME.ledger.yaml beside a module NAME.py."""
    module = sys.modules[type(provider).__module__]
    path = Path(getattr(module, "__file__", None) or f"{module.__name__}.py")
    return path.with_name("ledger.yaml") if path.stem == "provider" else path.with_suffix(".ledger.yaml")
