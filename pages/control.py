"""How hard, and where?"""

from components.frame import shell
from components.views import control

study = shell.begin("Control")
if study is not None:
    control.page(study)
