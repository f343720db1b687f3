"""Transfer or erasure?"""

from components.forms import asking, sweeping
from components.frame import shell
from components.frame.polite import polite
from components.views import plane

study = shell.begin("Plane")
asking.progress(study, "pages/plane.py")
if study is not None:
    with polite():
        plane.page(study)
        sweeping.form(study)
