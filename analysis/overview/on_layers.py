"""On what the layers of accuracies were chosen, as a clause of a finding."""

from analysis.concepts.specs import Convention
from analysis.study.study import Study

NESTED = "nested"
"""What “cross-fitted” is in a study whose pairs were held out in turn."""
CHOSEN = {
    "cross-fitted": (
        "each layer was chosen on one half of the held-out pairs and is reported on the "
        "other"
    ),
    NESTED: (
        "the layer of each fold of pairs was chosen on the other folds, by vectors that "
        "never saw it"
    ),
    "best on test": (
        "each layer was chosen on the very held-out pairs it is reported on, which "
        "flatters"
    ),
}
"""A convention's choice of layer → what it is worth."""


def chosen(study: Study, convention: Convention) -> str:
    """On what the layers of accuracies were chosen; empty where they were not."""
    choice = convention.layer
    if choice == "cross-fitted" and study.manifest.folded:
        choice = NESTED
    return CHOSEN.get(choice, "")
