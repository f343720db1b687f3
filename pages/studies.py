"""Open, compare, share and delete studies."""

from components.frame import shell
from components.views import studies

studies.page(shell.begin("Studies"))
