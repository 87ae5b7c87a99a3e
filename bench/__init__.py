"""Measurements. Each module here is a command that prints its figures: `python -m bench.run`."""
