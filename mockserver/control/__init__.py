"""The control API under `/_mock`, with which clients inspect a sandbox and change it."""
