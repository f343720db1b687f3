"""Texts of our own: the small world of the demo model, and the corpus in twenty languages;
no model.
"""
