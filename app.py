"""Babelscope: one concept from every language. This page: what is loaded, and what does it say?"""

from components.frame import shell
from components.frame.polite import polite
from components.views import overview

study = shell.begin("Overview")
if study is not None:
    with polite():
        overview.page(study)
