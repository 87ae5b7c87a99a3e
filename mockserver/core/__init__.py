"""Decisions without effects: no input or output, no clock, no randomness, no web framework."""
