"""Models: loading, reading states, generating, scoring; whatever needs torch lives
here; no jobs.
"""
