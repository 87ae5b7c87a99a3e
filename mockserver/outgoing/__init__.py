"""Calls that the sandbox makes to others: webhooks and call-outs."""
