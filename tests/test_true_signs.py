"""What every tab of every page keeps to: true minus signs, and folds that can be told apart."""

import pytest

from analysis.core.typeset import HYPHEN
from analysis.study.library import REAL
from tests.visits import PAGES, tabs, visit, words


@pytest.mark.parametrize("page", PAGES)
def test_minus_signs_are_true_and_folds_have_names_of_their_own(fresh, page):
    for at in tabs(visit(page, study=REAL)):
        said = [words(at)]
        said += [node.proto.alt for node in at.main if node.type == "plotly_chart"]
        raw = [found.string for text in said for found in HYPHEN.finditer(text)]
        assert not raw, raw
        folds = [each.label for each in at.expander]
        assert len(folds) == len(set(folds)), folds
