"""Is the concept there?"""

from components.frame import shell
from components.views import recognition

study = shell.begin("Recognition")
if study is not None:
    recognition.page(study)
