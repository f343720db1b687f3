"""A study and its vectors as a repository of the hub: what it tells, its files, pushing and
pulling; no measure of its own.
"""
