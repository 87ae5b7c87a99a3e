"""Bundles: one file with everything that a sandbox has recorded, which can be shown, judged, loaded and replayed."""
