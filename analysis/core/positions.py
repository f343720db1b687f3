"""Where in a text a state is read, by name."""

LAST, MEAN = "last", "mean"
