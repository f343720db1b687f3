"""What a study says: one finding for each question that it can answer."""

from collections.abc import Callable, Iterator, Mapping

from analysis.concepts.null_vectors import null_note
from analysis.concepts.specs import Convention
from analysis.core.errors import unknown
from analysis.overview import needs
from analysis.overview.finding import Finding, Measure, directly, lacking
from analysis.overview.needs import Need
from analysis.overview.on_pushing import pushed
from analysis.overview.on_recognition import recognised
from analysis.overview.on_similarity import agreeing
from analysis.overview.on_transfer import carrying
from analysis.overview.on_words import matching
from analysis.pushing.specs import NAME as PUSHING
from analysis.study.study import Study

Teller = Callable[[Study, Convention, Measure], Finding]


def on_words(study: Study, convention: Convention, measure: Measure) -> Finding:
    """What is found on words, which no convention changes."""
    return matching(study)


TELLERS: Mapping[str, Teller] = {
    "recognition": recognised,
    "similarity": agreeing,
    "transfer": carrying,
    "pushing": pushed,
    "words": on_words,
}
"""What a finding is about → the function that finds it, in the order of the pages."""
OF_CONCEPTS: Mapping[str, Need] = {
    "recognition": needs.ACCURACIES,
    "similarity": needs.COSINES,
    "transfer": needs.TRANSFER,
}
"""Those that every study with concepts should have → what it needs."""


def abouts(study: Study) -> tuple[str, ...]:
    """What a study's findings are about, known before any of them is computed."""
    found = []
    if study.concepts:
        found += OF_CONCEPTS
    if study.has_trial(PUSHING):
        found.append("pushing")
    if study.embeddings:
        found.append("words")
    return tuple(found)


def finding(study: Study, convention: Convention, about: str = "") -> Finding:
    """One finding: a sentence, its numbers, how sure it is, and the page that shows it.

    ``about`` is one of TELLERS; empty is the first that the study has. What a study
    does not have is said. Numbers of a published study are the printed ones. SpecError
    for an unknown ``about`` and as in the measures.
    """
    return finding_of(study, convention, about or next(iter(abouts(study)), "nothing"))


def finding_of(
    study: Study, convention: Convention, about: str, measure: Measure = directly
) -> Finding:
    """The same, with measures computed as they are asked for, or by a page's cache."""
    if about not in TELLERS:
        raise unknown("finding", about, TELLERS)
    need = OF_CONCEPTS.get(about)
    if need is not None and not need.met(study):
        return lacking(study, about)
    return TELLERS[about](study, convention, measure)


def one_by_one(study: Study, convention: Convention) -> Iterator[Finding]:
    """The findings as they come, so that a slow one holds up none before it."""
    note = null_note(study)
    for about in abouts(study):
        yield finding(study, convention, about)
        if about == "transfer" and note:
            yield Finding("similarity", note)


def findings(study: Study, convention: Convention) -> tuple[Finding, ...]:
    """All findings: recognition, similarity, transfer; another, or the only one, on words.

    As ``finding``.
    """
    return tuple(one_by_one(study, convention))
