"""Make a study from a model and contrast pairs."""

from components.forms import extraction
from components.frame import shell

shell.begin("Extract")
corpus = extraction.choose_corpus()
model = extraction.choose_model()
draft = extraction.choose_reading(model, corpus) if corpus else None
if draft is None:
    extraction.progress()
else:
    extraction.act(draft)
