"""How the tokens of a sentence make one state, with and without special tokens."""

from analysis.core.positions import MEAN, WEIGHTED

MEAN_OF_ALL = "mean, special tokens too"
WEIGHTED_OF_ALL = "weighted mean, special tokens too"
READINGS = (MEAN, WEIGHTED, MEAN_OF_ALL, WEIGHTED_OF_ALL)
"""The last two count what the tokenizer puts before a text, as MEXA's own code does."""
WORDS = {
    MEAN: "the mean state over the sentence's own tokens",
    WEIGHTED: "the mean state over the sentence's own tokens, the n-th counted n times",
    MEAN_OF_ALL: "the mean state over all tokens, the one that begins the text too",
    WEIGHTED_OF_ALL: "the mean state over all tokens, the one that begins the text too, "
    "the n-th counted n times",
}
"""What captions call them."""
