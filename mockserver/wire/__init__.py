"""The shared edge of every provider: what happens to a request before and after its operation."""
