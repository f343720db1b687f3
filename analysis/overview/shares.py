"""Which pre-training shares hold for a study's model."""

from analysis.languages.shares import SHARES, ShareTable
from analysis.study.study import Study


def share_table(study: Study) -> ShareTable:
    """The shares of a study's model: given by its maker, known, or of no language."""
    given = study.manifest.share_percent
    if given:
        name, note = "given with the study", "Given with the study."
        return ShareTable(name, note, study.title, given)
    name = study.manifest.shares
    if name:
        return SHARES[name]
    return ShareTable("unknown", "No shares are known for this model.", "", {})
