"""How hard, and where?"""

from components.frame import shell
from components.frame.polite import polite
from components.views import control

study = shell.begin("Control")
if study is not None:
    with polite():
        control.page(study)
