"""Sentences that several views say."""

from components.frame.text import escape


def empty(study_title: str, what: str) -> str:
    """The sentence for a view that a study has no numbers for."""
    return (
        f"{escape(study_title)} has no {what}. Choose another study on the left, or "
        "make one on the Extract page."
    )
