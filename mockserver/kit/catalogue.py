"""What scenarios may name, gathered from the providers there are."""

from mockserver.core.compile import Catalogue
from mockserver.kit.provider import Provider


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
