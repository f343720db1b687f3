"""The basket of figures, as it will print."""

from components.frame import shell
from components.views import figures

shell.begin("Figures")
figures.page()
