"""Is the concept there?"""

from components.frame import shell
from components.frame.polite import polite
from components.views import recognition

study = shell.begin("Recognition")
if study is not None:
    with polite():
        recognition.page(study)
