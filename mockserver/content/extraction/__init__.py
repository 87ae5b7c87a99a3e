"""Answers to prompts about a video: what it shows and what is heard in it, in the format that the prompt requests."""
