"""Scenarios: finds them by name or path, reads them and compiles them into programs."""
