"""Where languages meet and part: sentences compared by layer, patching, latent language,
forcing; no model is touched.
"""
