"""Sandboxes: isolated worlds, each with its clock, its jobs and the deliveries that follow from them."""
