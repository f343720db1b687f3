"""Verdicts over what was measured: is a concept one direction in every language, is a
vector any good; no model is touched.
"""
