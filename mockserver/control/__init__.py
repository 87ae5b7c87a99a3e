"""The control API under `/_mock`: look at a sandbox and steer it."""
