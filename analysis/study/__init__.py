"""A study: its labelled arrays, its manifest, its files, and the library of them; no
measures.
"""
