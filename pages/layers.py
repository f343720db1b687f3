"""Where does it live?"""

from components.forms import asking
from components.frame import shell
from components.frame.polite import polite
from components.views import layers

study = shell.begin("Layers")
asking.progress(study, "pages/layers.py")
if study is not None:
    with polite():
        layers.page(study)
asking.forms(study)
