"""The base class and the tables that a provider is written with."""
