"""NanoPhoto: videos turned back into prompts, as a text that is streamed (FACTS section 3)."""

from mockserver.providers.nanophoto.provider import NanoPhoto

__all__ = ["NanoPhoto"]
