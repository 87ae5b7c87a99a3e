"""Coverage of a client's suite: which behaviours of the providers a run has met, and which it has missed."""
