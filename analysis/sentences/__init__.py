"""Parallel text, its states, and how well sentences find their translations; no words, no
contrast pairs.
"""
