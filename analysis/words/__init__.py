"""Parallel words, their vectors, maps between languages, and how well words are found;
no contrast pairs.
"""
