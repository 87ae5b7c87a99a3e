"""Serving over sockets: the HTTP protocol, its deadlines, and the server process."""
