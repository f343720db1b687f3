"""Our numbers beside the papers': ``python -m analysis.demo.papers_table``.

It writes ``docs/ours-and-the-papers.md`` anew from the study of a real model that comes
along, and from the matrices and tables that the papers print.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import scipy.stats
import xarray as xr

from analysis.concepts.recognition import recognition
from analysis.concepts.similarity import MAXIMUM, similarity
from analysis.concepts.specs import CONVENTIONS
from analysis.concepts.transfer import transfer
from analysis.core.errors import AnalysisError, StudyError
from analysis.core.intervals import ends
from analysis.demo.text_baselines import Baseline, baselines
from analysis.languages.distances import DISTANCES
from analysis.overview import usual
from analysis.overview.direction import direction, sides_words
from analysis.overview.finding import beside_unrelated, name
from analysis.overview.of_study import relationship
from analysis.overview.on_recognition import recognised
from analysis.overview.on_transfer import different
from analysis.overview.on_words import matching
from analysis.overview.shares import in_order_of_share
from analysis.plane.finding import finding
from analysis.questions.geometry import lens
from analysis.sentences.retrieval import mexa
from analysis.study import library
from analysis.study.study import Study
from analysis.world import corpus as texts

FILE = Path(__file__).parent.parent.parent / "docs" / "ours-and-the-papers.md"
VALUES = ("llama2-chat-7b", "qwen-chat-7b", "bloomz-7.1b")
"""Published studies with matrices of values (Xu et al. 2024)."""
WORDS = ("words-llama2-7b", "words-bloomz-7b1")
"""Published studies of words (Peng and Søgaard 2024), where they are there."""
HONEST = CONVENTIONS["honest"]
DRAWS = 2000
FEWEST = 3
"""Languages up to which nothing is told of their relations."""
HEAD = """# Our numbers beside the papers'

Written by `python -m analysis.demo.papers_table` from the study that comes along
(“{title}”: {languages} languages, {concepts} concepts, {pairs} held-out
pairs each) and from what the papers print. Findings came out as they came out. The papers' models
are chat models of seven billion parameters and more, ours is a base model of 270 million with 4-bit
weights, and the texts are others: a difference may be due to any of these. Gemma's pre-training
shares are not public; LLaMA2's (Xu et al., Table 4) stand in for them, and languages that are not
in that table are left out where shares count.
"""

Lines = Iterator[str]


def main() -> None:
    """Write the page."""
    ours = library.open_by_name(library.REAL)
    FILE.write_text("\n".join(page(ours)).rstrip() + "\n", encoding="utf-8")
    print(FILE)


def page(ours: Study) -> Lines:
    """The lines of the page."""
    tables = (ours.manifest.pairs or {}).values()
    most = max((len(table.test) for table in tables), default=0)
    yield HEAD.format(
        title=ours.title,
        languages=len(ours.languages),
        concepts=len(ours.concepts),
        pairs=most,
    )
    for title, rows in SECTIONS.items():
        yield f"## {title}\n"
        yield "| study | result |\n|---|---|"
        for study in (*studies(VALUES), ours):
            yield row(study, rows)
        yield ""
    yield "## Words before and after a rotation (Peng and Søgaard)\n"
    yield "| study | result |\n|---|---|"
    for study in (*studies(WORDS), ours):
        yield row(study, words_found)
    yield ""
    yield "## Depth of language against content (Han et al.), sentences\n"
    yield "| study | result |\n|---|---|"
    for rows in (steered, answers_by_depth, sentences_found):
        yield row(ours, rows)
    yield ""
    yield from surface(ours)


def studies(names: tuple[str, ...]) -> list[Study]:
    """Those of some studies that are here."""
    there = library.names()
    return [library.open_by_name(name) for name in names if name in there]


def row(study: Study, result: Callable[[Study], str]) -> str:
    """A row of a table: what comes out, or why nothing does."""
    try:
        said = result(study)
    except AnalysisError as error:
        said = f"not in this study: {error}"
    name = "**ours**" if study.name == library.REAL else study.title
    return f"| {name} | {said.replace('|', '/')} |"


def concepts_found(study: Study) -> str:
    """Recognition, with chance and unrelated vectors."""
    return recognised(study, HONEST).text + unrelated(study)


def unrelated(study: Study) -> str:
    """What unrelated vectors reach, where the study keeps them."""
    table = recognition(study, HONEST)
    if "mean_random_high" not in table:
        return ""
    said = []
    for kind, words in (
        ("random", "random directions"),
        ("shuffled", "shuffled labels"),
    ):
        low = 100 * float(table[f"mean_{kind}_low"].mean())
        high = 100 * float(table[f"mean_{kind}_high"].mean())
        said.append(f"{words} reach {low:.0f} to {high:.0f} % on average")
    return f" {said[0].capitalize()}, {said[1]} (middle 95 %)."


def by_resources(study: Study) -> str:
    """Whether languages with a larger share agree more with the others."""
    cosine = similarity(study, MAXIMUM)["cosine"]
    codes = cosine.source.values.tolist()
    found_shares = in_order_of_share(study, codes)
    table_of = found_shares.table
    known = [code for code in codes if code in found_shares.codes]
    means = mean_with_others(cosine, known)
    share = np.array([table_of.percent[code] or 0.0 for code in known])
    ranked: Any = scipy.stats.spearmanr(share, means)
    found = float(ranked.statistic)
    low, high = resampled(share, means).tolist()
    return (
        f"Spearman's correlation of a language's share ({table_of.name}) and its "
        f"mean cosine with the others is {found:+.2f}, 95 % interval "
        f"{ends(low, high, '+.2f')} ({len(known)} languages, resampled)"
    )


def mean_with_others(cosine: xr.DataArray, codes: list[str]) -> np.ndarray:
    """Mean cosine of each language with all others."""
    picked = cosine.sel(source=codes, target=codes).values.copy()
    np.fill_diagonal(picked, np.nan)
    return np.nanmean(picked, axis=1)


def resampled(share: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Both ends (2,) of the 95 % interval of their rank correlation, over languages."""
    rng = np.random.default_rng(1)
    found = []
    for _ in range(DRAWS):
        drawn = rng.integers(len(share), size=len(share))
        if len(set(drawn.tolist())) > 2:
            found.append(rank_correlation(share[drawn], means[drawn]))
    return np.nanquantile(found, (0.025, 0.975))


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's correlation."""
    ranks = scipy.stats.rankdata(first), scipy.stats.rankdata(second)
    return float(np.corrcoef(*ranks)[0, 1])


def way(study: Study) -> str:
    """Whether vectors carry better down the order of shares than up."""
    table = transfer(study, HONEST)
    found = direction(study, table.transfer)
    beside = ""
    if "q_unrelated" in table:
        told = beside_unrelated(different(table.q_unrelated), "cell")
        beside = f"; {told}" if told else ""
    return f"by {found.order.words}: {sides_words(found)}{beside}"


def relatives(study: Study) -> str:
    """Whether related languages have vectors that are more alike, by kind of relation."""
    said = []
    for kind in DISTANCES:
        found = relationship(study, kind)
        low, high = found.interval
        if found.languages <= FEWEST or not np.isfinite(found.pearson):
            said.append(f"{kind}: too few languages")
            continue
        said.append(
            f"{kind} {found.pearson:+.2f} ({ends(low, high, '+.2f')}, Mantel p = "
            f"{found.p:.3f})"
        )
    return f"Pearson's correlation with cosines: {'; '.join(said)}"


def words_found(study: Study) -> str:
    """How often words are found in English before and after a rotation."""
    if not study.embeddings:
        raise StudyError("it has no words.")
    return matching(study).text


def steered(study: Study) -> str:
    """Where English and local vectors bring most, and what that costs."""
    if study.manifest.plane is None:
        raise StudyError("it has no plane.")
    return finding(study)


def answers_by_depth(study: Study) -> str:
    """Where in the model answers are English, and where the own language's."""
    shares = lens(study).mean("language")
    english = shares.sel(side="English").values
    own = shares.sel(side="own language").values
    return (
        f"logit lens: how the English answer begins has its largest share "
        f"({english.max():.3f}) at layer {english.argmax() + 1} of {study.layers}, how the "
        f"own language's answer begins ({own.max():.3f}) at layer {own.argmax() + 1}"
    )


def sentences_found(study: Study) -> str:
    """How often a sentence is nearer to its translation than to all others."""
    if study.manifest.sentences is None:
        raise StudyError("it has no sentences.")
    spec, target = usual.sentence_lookup(study), usual.sentences_target(study)
    found = mexa(study, spec, target)
    of_others = found.sel(language=[c for c in found.language.values if c != target])
    mean = 100 * float(of_others["mean"].mean())
    chance = 100 * float(of_others.chance.mean())
    best = of_others.isel(language=int(np.argmax(of_others["mean"].values)))
    worst = of_others.isel(language=int(np.argmin(of_others["mean"].values)))
    return (
        f"sentences: MEXA with {name(target)} is {mean:.1f} % on average over "
        f"{of_others.sizes['language']} languages, {of_language(best)} to "
        f"{of_language(worst)}; guessing gives {chance:.1f} %"
    )


def of_language(found: xr.Dataset) -> str:
    """“French (81.0 %, 72.3 to 88.0)”."""
    low, high = 100 * float(found.low), 100 * float(found.high)
    named = name(found.language.item())
    return f"{named} ({100 * float(found['mean']):.1f} %, {ends(low, high, '.1f')})"


def surface(ours: Study) -> Lines:
    """What length and a bag of words tell of our pairs, by concept."""
    yield "## What the surface of our pairs tells\n"
    yield (
        "Share of pairs whose positive member is shorter, and held-out accuracy of a bag of "
        "words: mean over languages, lowest and highest.\n"
    )
    yield "| concept | pairs | positive is shorter | a bag of words is right |"
    yield "|---|---|---|---|"
    of_concept: dict[str, list[Baseline]] = {}
    with_texts = texts.languages_of(texts.VALUES)
    for code in [code for code in ours.languages if code in with_texts]:
        for each in baselines(code):
            of_concept.setdefault(each.concept, []).append(each)
    for concept, found in of_concept.items():
        shorter = spread([each.shorter for each in found])
        by_words = spread([each.by_words for each in found])
        pairs = max(each.pairs for each in found)
        yield f"| {concept} | {pairs} | {shorter} | {by_words} |"


def spread(values: list[float]) -> str:
    """“54 % (48 to 61)”."""
    low, high = 100 * min(values), 100 * max(values)
    return f"{100 * np.mean(values):.0f} % ({low:.0f} to {high:.0f})"


SECTIONS: dict[str, Callable[[Study], str]] = {
    "Recognition of concepts (Xu et al., Table 9)": concepts_found,
    "Consistency across languages, by resources (Xu et al.)": by_resources,
    "Direction of transfer (Xu et al.)": way,
    "Consistency and linguistic relation (Xu et al.)": relatives,
}
"""Claims about values, with what is said of each study."""


if __name__ == "__main__":
    main()
