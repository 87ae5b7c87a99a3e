"""VideoToPrompt: background analyses of videos, with plans, OAuth 2 and webhooks (FACTS section 1)."""

from mockserver.providers.videotoprompt.provider import VideoToPrompt

__all__ = ["VideoToPrompt"]
