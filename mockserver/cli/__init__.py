"""The commands. Each module has the `--help` texts of one or a few commands, and what they do.

A module imports only what describing its commands needs. Everything else is imported when a command runs, so that
`--help` is quick.
"""
