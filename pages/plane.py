"""Transfer or erasure?"""

from components import asking, shell, sweeping
from components.views import plane

study = shell.begin("Plane")
asking.progress(study, "pages/plane.py")
if study is not None:
    plane.page(study)
    sweeping.form(study)
