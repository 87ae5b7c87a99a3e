"""PromptToVideo: videos generated from prompts, with a queue, credits and a daily quota (FACTS section 2)."""

from mockserver.providers.prompttovideo.provider import PromptToVideo

__all__ = ["PromptToVideo"]
