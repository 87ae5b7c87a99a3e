"""Descrideo: titles, descriptions and tags of videos, with a live, a sandbox and a demo API (FACTS section 4)."""

from mockserver.providers.descrideo.provider import Descrideo

__all__ = ["Descrideo"]
