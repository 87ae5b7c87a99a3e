"""Reads YAML documents strictly, and reports every error in them with its line and column."""
