"""Sandboxes: isolated simulations, each with its clock, its jobs and the deliveries that follow from them."""
