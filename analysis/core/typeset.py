"""Numbers in sentences as they are set in print."""

import re

HYPHEN = re.compile(r"(?<![\w.-])-(?=\d)")
"""A hyphen that stands for a minus: before a number, and not within a word or range."""


def minus_signs(text: str) -> str:
    """The same text with a minus sign before negative numbers.

    >>> minus_signs("from -0.5 to +0.2 in zh-2")
    'from −0.5 to +0.2 in zh-2'
    """
    return HYPHEN.sub("−", text)
