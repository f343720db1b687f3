"""Is it one direction in every language? A certificate with its rules, for print."""

from functools import partial
from typing import NamedTuple

import streamlit as st
import xarray as xr

from analysis.certificates import directions, invariance
from analysis.certificates.directions import OWN
from analysis.certificates.rules import FEWEST_LANGUAGES, MOVED, TEMPLATE
from analysis.overview import needs
from analysis.steering.language_vectors import languages_with_means
from analysis.study.study import PUBLISHED, Study
from components.figures import certificate as figures
from components.frame import cache, controls, fold, links, panel
from components.frame.controls import NARROW
from components.frame.fold import Fold
from components.frame.polite import INFO, polite
from components.frame.text import escape

BEST = "where own vectors read best"
EACH = "each language's own vector"
REST = "all other languages"
HOW_OF_ONE = (
    "A direction that the study's own vectors make up can be read: export such a vector "
    "on the Playground. A report card on the Control page pushes along an imported file."
)
PUSHED = (
    "Pushing here is the mean over all strengths, beside the random directions that were "
    "tried. The Transfer page asks for more at each strength, so it may tell less."
)
RULES = Fold("certificate-rules", "By which rules?", ":material/rule:")


def tab(study: Study, concepts: tuple[str, ...]) -> None:
    """A concept's certificate: the answer, the evidence, the numbers, the rules."""
    if not needs.CERTIFICATE.met(study):
        lacking(study)
        return
    with polite(INFO):
        asked = choose(study, concepts)
        data = cache.measure(
            invariance.certificate,
            study,
            asked.concept,
            asked.layer,
            asked.beside,
            asked.direction,
        )
        show(study, data)


class Asked(NamedTuple):
    """What a certificate is asked of; ``direction`` as ``directions`` names it."""

    concept: str
    layer: int
    beside: tuple[str, ...]
    direction: str


def choose(study: Study, concepts: tuple[str, ...]) -> Asked:
    """Which concept and direction, at which layer, with which other templates beside."""
    row = controls.row()
    with row:
        concept = links.one("Concept", concepts, "direction", width=NARROW)
        direction = choose_direction(study)
        layers = range(1, study.layers + 1)
        if direction != OWN:
            layers = directions.read(study, direction).layers
        named = [BEST, *map(str, layers)]
        at = links.one("Layer of the certificate", named, "direction-layer")
    layer = 0 if at == BEST else int(at)
    fitting = invariance.fitting(study)
    if not fitting or direction != OWN:
        return Asked(concept, layer, (), direction)
    beside = links.several("Studies with other templates", fitting, "beside")
    return Asked(concept, layer, tuple(beside), direction)


def choose_direction(study: Study) -> str:
    """The study's own vectors, a kept file or a language vector, where there are any."""
    offered = directions.offered(study)
    if not offered:
        return OWN
    chosen = links.one(
        "Direction",
        [EACH, *offered],
        "direction-of",
        format_func=direction_words,
        help="One direction for all languages: a vector file imported on the Playground, "
        "or the mean state of a language less that of the others.",
    )
    if chosen == EACH:
        return OWN
    kind, _, name = chosen.partition(":")
    if kind != directions.LANGUAGE:
        return chosen
    others = [code for code in languages_with_means(study) if code != name]
    names = dict(zip(others, controls.labels(others)))
    against = links.one(
        "Away from",
        [REST, *others],
        "direction-less",
        format_func=lambda code: names.get(code, code),
    )
    return directions.named(kind, name, "" if against == REST else against)


def direction_words(option: str) -> str:
    """What a direction is called in the menu."""
    if option == EACH:
        return option
    kind, _, name = option.partition(":")
    if kind == directions.FILE:
        return f"file: {name}"
    return f"language vector: {controls.labels([name])[0]}"


def show(study: Study, data: xr.Dataset) -> None:
    """The certificate itself."""
    codes = data["language"].values.tolist()[:-1]
    languages = controls.languages(study, codes)
    st.markdown(escape(f"{figures.sentence(data)} {figures.verdict_words(data)}"))
    panel.show(figures.certificate(study, data, languages))
    missing = figures.untested_words(data)
    of_one = figures.is_of_one(data)
    if missing:
        how = HOW_OF_ONE if of_one else how_to_test(study, data)
        st.caption(escape(f"{missing} {how}"))
    if not of_one and figures.is_tested(data, MOVED):
        st.caption(PUSHED)
    with st.expander("Accuracies and cosines behind it", icon=":material/table:"):
        st.dataframe(figures.numbers(data, languages), hide_index=True)
    fold.show(RULES, partial(rules, of_one))
    panel.explain(invariance.certificate, of="the certificate")


def rules(of_one: bool) -> None:
    """The rules by which verdicts are given."""
    st.caption(
        "Stated beforehand and tried on planted truth; see docs/statistics.md for how "
        "often they are right."
    )
    st.table(figures.rule_table(of_one).set_index("rule"))


def how_to_test(study: Study, data: xr.Dataset) -> str:
    """How what was not tested could be."""
    ways = []
    if not figures.is_tested(data, MOVED):
        ways.append(
            "Whether pushing carries over is tried with “babelscope try pushing "
            f"{study.name}” or on the Transfer page."
        )
    if not figures.is_tested(data, TEMPLATE):
        ways.append(
            "For other templates, compute a further study of the same model and texts on "
            "the Extract page."
        )
    return " ".join(ways)


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
