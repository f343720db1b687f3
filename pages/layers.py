"""Where does it live?"""

from components.forms import asking
from components.frame import shell
from components.views import layers

study = shell.begin("Layers")
asking.progress(study, "pages/layers.py")
if study is not None:
    layers.page(study)
asking.forms(study)
