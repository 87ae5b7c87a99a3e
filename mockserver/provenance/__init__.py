"""The ledgers of the providers: whether each simulated behaviour is documented, observed or assumed."""
