"""Effects of a language's vector in other languages, beside what it reads there; no model is
touched.
"""
