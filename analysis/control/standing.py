"""How far a control run is, and who computes it."""

from analysis.control.store import REPORT, Run, outlook
from analysis.study.standing import Standing, standing_of


def standing(run: Run) -> Standing:
    """How far a run is: reports count whatever setting they are of."""
    cells = outlook(run).cells
    searched = [cell.key for cell in run.planned()]
    reported = cells - len(searched)
    there = len(run.done.intersection(searched))
    told = len([key for key in run.done if key.startswith(f"{REPORT}/")])
    return standing_of(run.folder, there + min(told, reported), cells)
