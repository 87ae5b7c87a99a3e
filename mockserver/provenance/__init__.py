"""On whose word each simulated behaviour stands: the ledger of every provider, and what a server does with it."""
