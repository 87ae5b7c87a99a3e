"""Scenarios: from a name or a file to a compiled program."""
