"""What a steering is: specs, operators, where its vector comes from, vector files; no
model is touched.
"""
