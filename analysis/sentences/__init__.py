"""Sentences: parallel text, its states, the vectors of languages, how well they align."""
