"""Request handling that all providers share: addresses, checks, replies, streams, and faults on the connection."""
