"""Do the languages agree?"""

from components.frame import shell
from components.frame.polite import polite
from components.views import similarity

study = shell.begin("Similarity")
if study is not None:
    with polite():
        similarity.page(study)
