"""What is known of each language: codes, names, scripts, families, distances, shares;
no measures.
"""
