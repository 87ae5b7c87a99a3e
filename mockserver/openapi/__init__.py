"""The OpenAPI documents: one for each provider, made by FastAPI from its declarations, and that of the control API.

FastAPI takes long to import, so nothing that the server needs to start imports this package.
"""

from functools import cache
from typing import Any

from mockserver.kit.provider import Provider
from mockserver.openapi.build import build, tidy
from mockserver.openapi.control import control_document
from mockserver.openapi.providers import describe
from mockserver.providers.registry import all_providers
from mockserver.source.suggestions import did_you_mean

__all__ = ["UnknownDocument", "as_yaml", "document", "document_of", "names"]


class UnknownDocument(ValueError):
    """There is no document with this name. The message suggests a name."""


def names() -> tuple[str, ...]:
    """Return the names of all documents: the names of the providers, and `control`."""
    return (*(p.name for p in all_providers()), "control")


@cache
def document(name: str) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document with this name. Do not change it. Raises UnknownDocument."""
    known = {p.name: p for p in all_providers()}
    if name != "control" and name not in known:
        raise UnknownDocument(f"there is no document named {name!r}{did_you_mean(name, names())}")
    return document_of(known.get(name))


def document_of(provider: Provider | None) -> dict[str, Any]:
    """Return the document of a provider, or of the control API for None."""
    return tidy(control_document()) if provider is None else build(describe(provider))


def as_yaml(document: dict[str, Any]) -> str:
    """Convert a document to YAML, with its keys in their order and without anchors and aliases."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    def text(dumper: Dumper, value: str) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)

    Dumper.add_representer(str, text)
    return str(yaml.dump(document, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=120)).rstrip("\n")
