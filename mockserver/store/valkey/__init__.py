"""A store that several processes share, in a Valkey or Redis server."""
