"""Measures: from the arrays of a study to the numbers of a page. None of them touches a model."""
