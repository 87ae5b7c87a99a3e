"""The error of a store that several processes share."""


class Unavailable(Exception):
    """The store cannot be reached. The message says where and why."""
