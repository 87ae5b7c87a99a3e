"""A sandbox server that stands in for five AI-video provider APIs."""

__version__ = "0.1.0"
