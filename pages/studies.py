"""Open, compare, share and delete studies."""

from components.frame import shell
from components.frame.polite import polite
from components.views import studies

study = shell.begin("Studies")
with polite():
    studies.page(study)
