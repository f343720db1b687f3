"""Texts of our own: the small world that the demo model is trained on; no model."""
