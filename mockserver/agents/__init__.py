"""Tools for agents (Model Context Protocol), made of the control API: over standard input, and at `/_mock/mcp`."""
