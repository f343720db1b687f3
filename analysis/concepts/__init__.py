"""Contrast pairs, concept vectors and all that is read off them: recognition,
similarity, transfer; no pushing.
"""
