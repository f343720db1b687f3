"""What does the model say when it is pushed?"""

from components.frame import shell
from components.views import playground

study = shell.begin("Playground")
if study is not None:
    playground.page(study)
