"""What a provider is written with: its base class, operations, models and refusals."""
