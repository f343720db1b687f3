"""Do the languages agree?"""

from components.frame import shell
from components.views import similarity

study = shell.begin("Similarity")
if study is not None:
    similarity.page(study)
