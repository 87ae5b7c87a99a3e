"""The verdict on clients: collects the facts of a sandbox, and writes reports."""
