"""Measurements. Each module is a command that prints figures, such as `python -m bench.run`."""
