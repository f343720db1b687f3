"""Do the spaces match?"""

from components.frame import shell
from components.frame.polite import polite
from components.views import alignment

study = shell.begin("Alignment")
if study is not None:
    with polite():
        alignment.page(study)
