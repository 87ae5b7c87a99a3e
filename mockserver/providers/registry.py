"""Every provider there is, in one explicit table."""

from importlib import import_module

from mockserver.kit.provider import Provider
from mockserver.kit.summary import Providers, Summary, summary
from mockserver.providers.summaries import SUMMARIES

# The class of each in the module of its name, in the order in which they are shown.
_CLASSES = {
    "videotoprompt": "VideoToPrompt",
    "prompttovideo": "PromptToVideo",
    "nanophoto": "NanoPhoto",
    "descrideo": "Descrideo",
    "dumplingai": "DumplingAI",
}


def all_providers() -> tuple[Provider, ...]:
    """A fresh instance of each provider, in the order in which they are shown."""
    return tuple(map(_load, _CLASSES))


def providers() -> Providers:
    """Each provider by name, loaded when it is first asked for: a server starts the sooner."""
    return Providers(summaries(), _load)


def summaries() -> tuple[Summary, ...]:
    """What a server has to know of each to start. A provider whose summary nobody has written yet is loaded for it."""
    written = {each.name: each for each in SUMMARIES}
    return tuple(written.get(name) or summary(_load(name)) for name in _CLASSES)


def _load(name: str) -> Provider:
    made: Provider = getattr(import_module(f"mockserver.providers.{name}"), _CLASSES[name])()
    return made
