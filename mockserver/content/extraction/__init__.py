"""Answers to prompts about a video: what is seen and heard in it, in the form that the prompt asks for."""
