"""PromptToVideo: videos rendered from prompts, with a queue, credits and a daily quota of calls (FACTS section 2)."""

from mockserver.providers.prompttovideo.provider import PromptToVideo

__all__ = ["PromptToVideo"]
