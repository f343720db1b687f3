"""What does the model say when it is pushed?"""

from components.frame import shell
from components.frame.polite import polite
from components.views import playground

study = shell.begin("Playground")
if study is not None:
    with polite():
        playground.page(study)
