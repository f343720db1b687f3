"""Where a model's languages meet and part: alignment by layer, patching, latent language,
language forcing.
"""
