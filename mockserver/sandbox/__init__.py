"""Sandboxes: isolated simulations, each with its own scenario, clock, jobs and deliveries."""
