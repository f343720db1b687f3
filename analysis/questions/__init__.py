"""Question sets, English and local vectors read from them, and where those live layer
by layer; no sweeps.
"""
