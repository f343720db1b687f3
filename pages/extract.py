"""Make a study from a model and contrast pairs."""

from components.forms import extraction
from components.frame import shell

shell.begin("Extract")
extraction.progress()
model = extraction.choose_model()
corpus = extraction.choose_corpus()
draft = extraction.choose_reading(model, corpus) if corpus else None
if draft is not None:
    extraction.act(draft)
