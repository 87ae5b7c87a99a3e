"""The table of all providers."""

from importlib import import_module

from mockserver.kit.provider import Provider
from mockserver.kit.summary import Providers, Summary, summary
from mockserver.providers.summaries import SUMMARIES

# The name of each provider's module, and its class there, in the order of the documents.
_CLASSES = {
    "videotoprompt": "VideoToPrompt",
    "prompttovideo": "PromptToVideo",
    "nanophoto": "NanoPhoto",
    "descrideo": "Descrideo",
    "dumplingai": "DumplingAI",
}


def all_providers() -> tuple[Provider, ...]:
    """Return a new instance of each provider, in the order of the documents."""
    return tuple(map(_load, _CLASSES))


def providers() -> Providers:
    """Return the providers by name. Each is loaded when it is first needed, so that a server starts faster."""
    return Providers(summaries(), _load)


def summaries() -> tuple[Summary, ...]:
    """Return the summary of each provider. A provider that is not in `summaries.py` is loaded for it."""
    written = {each.name: each for each in SUMMARIES}
    return tuple(written.get(name) or summary(_load(name)) for name in _CLASSES)


def _load(name: str) -> Provider:
    made: Provider = getattr(import_module(f"mockserver.providers.{name}"), _CLASSES[name])()
    return made
