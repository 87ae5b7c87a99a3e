"""The sweep: runs a test suite or a program once for each of its calls and each fault that can happen there."""
