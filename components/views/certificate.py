"""Is it one direction in every language? A certificate with its rules, for print."""

import streamlit as st
import xarray as xr

from analysis.certificates import invariance
from analysis.certificates.rules import FEWEST_LANGUAGES, VERDICTS
from analysis.overview import needs
from analysis.study.study import PUBLISHED, Study
from components.figures import certificate as figures
from components.frame import cache, controls, fold, links, panel
from components.frame.controls import NARROW
from components.frame.fold import Fold
from components.frame.polite import INFO, polite
from components.frame.text import escape

BEST = "where own vectors read best"
RULES = Fold("certificate-rules", "By which rules?", ":material/rule:")


def tab(study: Study, concepts: tuple[str, ...]) -> None:
    """A concept's certificate: the answer, the evidence, the numbers, the rules."""
    if not needs.CERTIFICATE.met(study):
        lacking(study)
        return
    concept, layer, beside = choose(study, concepts)
    with polite(INFO):
        data = cache.measure(
            invariance.certificate, study, concept, layer, tuple(beside)
        )
        show(study, data)


def choose(study: Study, concepts: tuple[str, ...]) -> tuple[str, int, tuple[str, ...]]:
    """Which concept, at which layer, with which studies of other templates beside."""
    row = controls.row()
    with row:
        concept = links.one("Concept", concepts, "direction", width=NARROW)
        layers = [BEST, *map(str, range(1, study.layers + 1))]
        at = links.one("Layer of the certificate", layers, "direction-layer")
    layer = 0 if at == BEST else int(at)
    fitting = invariance.fitting(study)
    if not fitting:
        return concept, layer, ()
    beside = links.several("Studies with other templates", fitting, "beside")
    return concept, layer, tuple(beside)


def show(study: Study, data: xr.Dataset) -> None:
    """The certificate itself."""
    codes = data["language"].values.tolist()[:-1]
    languages = controls.languages(study, codes)
    whole = data["verdict"].values.tolist()[-1]
    st.markdown(escape(f"{figures.sentence(data)} {VERDICTS[whole]}"))
    panel.show(figures.certificate(study, data, languages))
    missing = figures.untested_words(data)
    if missing:
        st.caption(escape(f"{missing} {how_to_test(study)}"))
    with st.expander("Accuracies and cosines behind it", icon=":material/table:"):
        st.dataframe(figures.numbers(data, languages), hide_index=True)
    fold.show(RULES, rules)
    panel.explain(invariance.certificate)


def rules() -> None:
    """The rules by which verdicts are given."""
    st.caption(
        "Stated beforehand and tried on planted truth; see docs/statistics.md for how "
        "often they are right."
    )
    st.table(figures.rule_table().set_index("rule"))


def how_to_test(study: Study) -> str:
    """How what was not tested could be."""
    return (
        f"Whether pushing carries over is tried with “babelscope try pushing {study.name}”"
        " or on the Transfer page; other templates by computing a further study of the "
        "same model and texts on the Extract page."
    )


def lacking(study: Study) -> None:
    """What the certificate would show, and why this study cannot have it."""
    st.markdown(
        "Here a verdict per language would say whether a concept is one direction: "
        "whether directions agree, readings carry over, and pushing does."
    )
    if study.kind == PUBLISHED:
        st.caption(
            "This study is printed numbers: a certificate needs the vectors of halves of "
            "the pairs and the scores of single pairs, which no paper prints."
        )
        return
    st.caption(
        f"This takes at least {FEWEST_LANGUAGES} languages with concept vectors, their "
        "halves and pair scores. Compute such a study on the Extract page."
    )
