"""The state of a sandbox, behind a protocol of atomic operations."""
