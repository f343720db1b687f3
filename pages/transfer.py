"""Does it carry over?"""

from components.frame import shell
from components.frame.polite import polite
from components.views import transfer

study = shell.begin("Transfer")
if study is not None:
    with polite():
        transfer.page(study)
