"""Babelscope from Python: one concept from every language of a language model.

Thin, on top of all rooms: what a researcher calls, and the command. It may use any
room and is used by none.

>>> import babelscope as bs
>>> study = bs.open("demo")
>>> study.vector("fairness", "fr").dims
('layer', 'hidden')
"""

from babelscope.house import check

check()

from analysis.core.errors import AnalysisError  # noqa: E402
from analysis.core.version import __version__  # noqa: E402
from babelscope.controlling import Control, control, resume_control  # noqa: E402
from babelscope.making import (  # noqa: E402
    ask,
    extract,
    means,
    resume,
    sweep,
    words,
)
from babelscope.plots import Plot, figures, plot  # noqa: E402
from babelscope.steering import generate, steer  # noqa: E402
from babelscope.studies import Study, analyses, studies  # noqa: E402
from babelscope.studies import open_study as open  # noqa: E402

__all__ = [
    "AnalysisError",
    "Control",
    "Plot",
    "Study",
    "__version__",
    "analyses",
    "ask",
    "control",
    "extract",
    "figures",
    "generate",
    "means",
    "open",
    "plot",
    "resume",
    "resume_control",
    "steer",
    "studies",
    "sweep",
    "words",
]
