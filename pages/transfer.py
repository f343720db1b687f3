"""Does it carry over?"""

from components.frame import shell
from components.views import transfer

study = shell.begin("Transfer")
if study is not None:
    transfer.page(study)
