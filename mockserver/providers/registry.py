"""Every provider there is, in one explicit list."""

from mockserver.kit.provider import Provider
from mockserver.providers.descrideo import Descrideo
from mockserver.providers.dumplingai import DumplingAI
from mockserver.providers.nanophoto import NanoPhoto
from mockserver.providers.prompttovideo import PromptToVideo
from mockserver.providers.videotoprompt import VideoToPrompt


def all_providers() -> tuple[Provider, ...]:
    """A fresh instance of each provider, in the order in which they are shown."""
    return (VideoToPrompt(), PromptToVideo(), NanoPhoto(), Descrideo(), DumplingAI())
