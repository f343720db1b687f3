"""Make a study from a model and contrast pairs."""

from components.forms import extraction
from components.frame import shell

shell.begin("Extract")
extraction.page()
