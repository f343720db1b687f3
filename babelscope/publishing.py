"""A study or figures as one HTML file that opens without a server."""

from collections.abc import Callable, Sequence
from pathlib import Path

from analysis.core import files
from analysis.core.errors import unknown
from analysis.study.study import Study as Results
from babelscope.inputs import listed
from babelscope.plots import Plot
from babelscope.study import study_of
from components.handout import sections

ENDINGS = (".html", ".htm")


def publish(
    what: str | Results | Plot,
    path: str | Path,
    *,
    pages: Sequence[str] = (),
    anonymous: bool = False,
    told: Callable[[str], None] = sections.tell_nobody,
) -> Path:
    """Write a study, or the figures of ``bs.plot``, as one HTML file; its path comes back.

    The file has figures with hover and layer ruler, tables of numbers, findings,
    methods, provenance and recorded answers, and asks for nothing from a network.
    ``pages`` are titles of pages, all that the study has something for where none are
    given. With ``anonymous`` nothing names the user, this host, a folder or one's own
    study. ``told`` hears which page is drawn. SpecError for an unknown page or ending,
    FigureError for a file over 15 MB, DiskError where it cannot be written.

    >>> import babelscope as bs, tempfile
    >>> folder = tempfile.mkdtemp()
    >>> bs.publish("qwen-chat-7b", f"{folder}/study.html", pages=["Transfer"]).name
    'study.html'
    """
    from components.handout import file

    path = Path(path)
    if path.suffix.lower() not in ENDINGS:
        raise unknown("file ending", path.suffix, ENDINGS)
    if isinstance(what, Plot):
        made = sections.of_recipes(what.panels, what.figure.title, anonymous)
    else:
        chosen = listed("pages", pages)
        made = sections.of_study(study_of(what), chosen, anonymous, told)
    files.write_output(path, file.page(made))
    return path
