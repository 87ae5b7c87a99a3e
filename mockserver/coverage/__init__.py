"""Coverage of a client's test suite: which behaviours of the providers a run has covered, and which not."""
