"""Is it one direction in every language, and is a vector any good? Verdicts from stated
rules, over everything else that was measured.
"""
