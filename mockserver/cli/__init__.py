"""The commands: each module has what `--help` says of one or a few, and what they do.

All of them are imported for any command, so none imports more than it needs to describe itself.
"""
