"""The simulated APIs. Each is a module or a small package."""
