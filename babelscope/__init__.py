"""Babelscope from Python: one concept from every language of a language model.

Thin, on top of all rooms: what a researcher calls, and the command. It may use any
room and is used by none.

>>> import babelscope as bs
>>> study = bs.open("demo")
>>> study.vector("fairness", "fr").dims
('layer', 'hidden')
"""

from babelscope import starting

starting.begin()

import importlib  # noqa: E402
from typing import TYPE_CHECKING, Any  # noqa: E402

from analysis.core.errors import AnalysisError  # noqa: E402
from analysis.core.version import __version__  # noqa: E402

if TYPE_CHECKING:
    from babelscope.controlling import Control, control, resume_control
    from babelscope.exporting import export
    from babelscope.making import ask, extract, means, resume, sentences, sweep, words
    from babelscope.plots import Plot, figures, plot
    from babelscope.publishing import publish
    from babelscope.repeating import Repeated, repeat
    from babelscope.sharing import pull, push
    from babelscope.steering import generate, steer
    from babelscope.study import Study, analyses, studies
    from babelscope.study import open_study as open
    from babelscope.trying import trial

__all__ = [
    "AnalysisError",
    "Control",
    "Plot",
    "Repeated",
    "Study",
    "__version__",
    "analyses",
    "ask",
    "control",
    "export",
    "extract",
    "figures",
    "generate",
    "means",
    "open",
    "plot",
    "publish",
    "pull",
    "push",
    "repeat",
    "resume",
    "resume_control",
    "sentences",
    "steer",
    "studies",
    "sweep",
    "trial",
    "words",
]

PLACES = {
    "Control": "controlling",
    "Plot": "plots",
    "Repeated": "repeating",
    "Study": "study",
    "analyses": "study",
    "ask": "making",
    "control": "controlling",
    "export": "exporting",
    "extract": "making",
    "figures": "plots",
    "generate": "steering",
    "means": "making",
    "open": "study",
    "plot": "plots",
    "publish": "publishing",
    "pull": "sharing",
    "push": "sharing",
    "repeat": "repeating",
    "resume": "making",
    "resume_control": "controlling",
    "sentences": "making",
    "steer": "steering",
    "studies": "study",
    "sweep": "making",
    "trial": "trying",
    "words": "making",
}
"""Name → the module that it is read from at its first use: a start takes no second."""


def __getattr__(name: str) -> Any:
    """A name of the face, when it is first used."""
    if name not in PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"babelscope.{PLACES[name]}")
    found = getattr(module, "open_study" if name == "open" else name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """All names of the face."""
    return __all__
