"""Where in a text a state is read, by name."""

LAST, MEAN, WEIGHTED = "last", "mean", "weighted mean"
"""A weighted mean counts a text's n-th own token n times (Muennighoff 2022)."""
USUAL = ""
"""The one that fits a model: the last token of a decoder, the mean of an encoder."""
POSITIONS = (LAST, MEAN, WEIGHTED)
