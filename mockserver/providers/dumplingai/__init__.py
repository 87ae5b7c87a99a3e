"""The simulation of DumplingAI: one request that looks at a video and answers a prompt about it."""

from mockserver.providers.dumplingai.provider import DumplingAI

__all__ = ["DumplingAI"]
