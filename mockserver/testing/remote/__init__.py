"""Tests against a server that runs elsewhere: its sandboxes are used through the control API."""
