"""The OpenAPI documents: one for each provider, made by FastAPI from its declarations, and that of the control API.

FastAPI takes long to import, so nothing that the server needs to start imports this package.
"""

from functools import cache
from typing import Any

from mockserver.kit.provider import Provider
from mockserver.openapi.build import build, tidy
from mockserver.openapi.control import control_document
from mockserver.openapi.providers import described
from mockserver.providers.registry import all_providers
from mockserver.source.suggestions import did_you_mean

__all__ = ["UnknownDocument", "as_yaml", "document", "document_of", "names"]


class UnknownDocument(ValueError):
    """There is no document of that name; the message says which there are."""


def names() -> tuple[str, ...]:
    """The names of all documents: the providers', and `control`."""
    return (*(p.name for p in all_providers()), "control")


@cache
def document(name: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document of a provider, or of `control`. To be read only. Raises UnknownDocument."""
    known = {p.name: p for p in all_providers()}
    if name != "control" and name not in known:
        raise UnknownDocument(f"there is no document {name!r}{did_you_mean(name, names())}")
    return document_of(known.get(name))


def document_of(provider: Provider | None) -> dict[str, Any]:
    """The document of a provider, or of the control API for None."""
    return tidy(control_document()) if provider is None else build(described(provider))


def as_yaml(document: dict[str, Any]) -> str:
    """A document as YAML, its keys in the order that they have, and nothing in it by reference."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    def text(dumper: Dumper, value: str) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)

    Dumper.add_representer(str, text)
    return str(yaml.dump(document, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=120)).rstrip("\n")
