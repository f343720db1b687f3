"""Do the spaces match?"""

from components.frame import shell
from components.views import alignment

study = shell.begin("Alignment")
if study is not None:
    alignment.page(study)
