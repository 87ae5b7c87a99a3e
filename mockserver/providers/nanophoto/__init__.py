"""NanoPhoto: prompts for videos, streamed as text (FACTS section 3)."""

from mockserver.providers.nanophoto.provider import NanoPhoto

__all__ = ["NanoPhoto"]
