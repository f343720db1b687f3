"""What every subject stands on: errors, settings, statistics, specs and their digests,
tables that people wrote; no subject of its own.
"""
