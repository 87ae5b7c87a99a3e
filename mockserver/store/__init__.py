"""The state of a sandbox, behind one protocol of atomic operations."""
