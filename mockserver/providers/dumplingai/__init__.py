"""DumplingAI: answers to prompts about a video, in one request (FACTS section 5)."""

from mockserver.providers.dumplingai.provider import DumplingAI

__all__ = ["DumplingAI"]
