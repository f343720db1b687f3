"""Does it carry over when you push? Effects of each language's vector in every other
language, beside what the same vector reads there.
"""
