"""The plan of a report card: what the trial holds, and what is asked in each language."""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple, TypeVar

from analysis.certificates.specs import (
    ANSWERS,
    FEWEST,
    FRAMES,
    NONE,
    PLACES,
    REQUESTED,
    SURROUNDINGS,
    VECTOR,
    WORDINGS,
    ReportCardSpec,
)
from analysis.concepts import corpora
from analysis.concepts.pairs import Corpus
from analysis.core.errors import SpecError
from analysis.core.specs import check, check_layer, digest, written
from analysis.core.templates import TEMPLATES
from analysis.pushing.held_out import HeldOut
from analysis.pushing.plan import asked_of, check_enough, check_known, study_spec
from analysis.pushing.prompts import Asked, Prompt, drawn, of_cell
from analysis.pushing.specs import PAIRS, PushingSpec
from analysis.steering.presets import neutral
from analysis.study.study import Study
from analysis.study.trial_part import TrialArray, TrialPart
from analysis.world import corpus as texts

T = TypeVar("T")
LETTERS_A_TOKEN = 3
"""About how many letters a token has, over many scripts and tokenizers."""


class Reworded(NamedTuple):
    """A pair as it is written, and in other words."""

    written: Prompt
    other: Prompt


class Paper(NamedTuple):
    """All that is asked in one language: pairs with what is held out, facts, texts.

    ``others``: pairs of other concepts by the concept's name. Empty where a language has
    none. ``reworded`` and ``surroundings``: empty too where no paraphrases are asked.
    """

    pairs: list[Prompt]
    held: HeldOut
    others: dict[str, list[Prompt]]
    facts: list[texts.Fact]
    sentences: list[str]
    openings: list[str]
    reworded: list[Reworded]
    surroundings: texts.Surroundings


NO_SURROUNDINGS = texts.Surroundings({}, "")


def settled(study: Study, spec: ReportCardSpec) -> ReportCardSpec:
    """A spec with everything said that it left to the study; SpecError as in ``begin``."""
    own = study_spec(study)
    concept = spec.concept or study.concepts[0]
    languages = spec.languages or study.languages
    check_known("concept", (concept,), study.concepts)
    check_known("language", languages, study.languages)
    if spec.source:
        check_known("language", (spec.source,), study.languages)
    layer = spec.layer or max(1, study.layers // 2)
    check_layer(layer, range(1, study.layers + 1))
    template = spec.template or own.template
    check("template", template, TEMPLATES)
    return replace(
        spec, concept=concept, languages=languages, layer=layer, template=template
    )


def others_of(study: Study, spec: ReportCardSpec) -> tuple[str, ...]:
    """The other concepts whose pairs are asked: those after the concept, in a circle."""
    place = study.concepts.index(spec.concept)
    following = study.concepts[place + 1 :] + study.concepts[:place]
    return following[: spec.others]


def paper(study: Study, spec: ReportCardSpec, corpus: Corpus, language: str) -> Paper:
    """What is asked in a language, under a settled spec."""
    source = spec.source or language
    asking = PushingSpec(
        spec.model,
        concepts=(spec.concept,),
        sources=(source,),
        targets=(language,),
        prompts=spec.prompts,
        seed=spec.seed,
    )
    asked = asked_of(study, asking, corpus, spec.concept)
    others = {}
    for other in others_of(study, spec):
        of_other = asked_of(study, asking, corpus, other)
        others[other] = of_cell(PAIRS, of_other, language)
    return Paper(
        pairs=of_cell(PAIRS, asked, language),
        held=asked.held,
        others=others,
        facts=chosen(facts_in(language), spec.facts, spec.seed),
        sentences=chosen(sentences_in(language), spec.sentences, spec.seed),
        openings=openings_in(language)[: spec.answers],
        reworded=reworded(asked, language, spec.paraphrases),
        surroundings=surroundings_of(spec, language),
    )


def reworded(asked: Asked, language: str, most: int) -> list[Reworded]:
    """Pairs that are not what made the vector, and the same in other words.

    None of other pairs than our own, nor where a language has no paraphrases.
    """
    has_any = language in texts.languages_of(texts.PARAPHRASES)
    if not most or not has_any or asked.corpus.name != corpora.VALUES:
        return []
    others = {}
    for value in texts.paraphrases(language):
        others[value.name] = value
    known = {}
    for pair in asked.corpus.select(asked.concept, language):
        if pair.pair in others:
            known[pair.pair] = pair
    names = asked.held.pairs(list(known))
    if len(names) < FEWEST:
        # Too few were held out: each is pushed with the half vector that it did not make.
        names = list(known)
    found = []
    for name in drawn(names, asked._replace(prompts=most)):
        pair, other = known[name], others[name]
        written_so = Prompt(name, "", (pair.positive,), (pair.negative,), name)
        in_other_words = Prompt(name, "", (other.positive,), (other.negative,), name)
        found.append(Reworded(written_so, in_other_words))
    return found


def surroundings_of(spec: ReportCardSpec, language: str) -> texts.Surroundings:
    """What a text may stand in; nothing where that is not asked, or not known."""
    has_any = language in texts.languages_of(texts.SURROUNDINGS)
    if not spec.paraphrases or not has_any:
        return NO_SURROUNDINGS
    return texts.surroundings(language)


def facts_in(language: str) -> Sequence[texts.Fact]:
    """Questions whose answers are the same everywhere; none where there are none."""
    if language not in texts.languages_of(texts.FACTS):
        return ()
    return texts.facts(language)


def openings_in(language: str) -> list[str]:
    """Prompts that no concept is about: open ones, then questions of fact."""
    questions = [fact.question for fact in facts_in(language)]
    return [*neutral().get(language, ()), *questions]


def sentences_in(language: str) -> Sequence[str]:
    """Neutral sentences; none where there are none."""
    if language not in texts.languages_of(texts.SENTENCES):
        return ()
    return [each.text for each in texts.sentences(language)]


def chosen(known: Sequence[T], most: int, seed: int) -> list[T]:
    """So many, drawn at random, in their own order; the same places in all languages."""
    places = list(range(len(known)))
    random.Random(f"{seed} report card").shuffle(places)
    return [known[place] for place in sorted(places[:most])]


def begin(study: Study, spec: ReportCardSpec) -> TrialPart:
    """What a study says of a report card before anything is computed.

    SpecError for what the study does not have, CorpusError where its contrast pairs are
    not here.
    """
    known = settled(study, spec)
    corpus = corpora.find(study_spec(study).corpus_digest)
    notes = []
    for language in known.languages:
        asked = paper(study, known, corpus, language)
        check_enough(asked.pairs, known.concept, language)
        lacking = lacking_words(known, asked, language)
        if lacking:
            notes.append(lacking)
    return TrialPart(
        spec=written(known),
        digest=digest(known),
        dims=dims_of(study, known),
        cells=("language",),
        numbers=("dose",),
        arrays=arrays_of(known),
        notes=tuple(notes),
    )


def lacking_words(spec: ReportCardSpec, asked: Paper, language: str) -> str:
    """What a language has no texts of, in a sentence; empty where it has all."""
    kinds = {
        "facts": asked.facts,
        "neutral sentences": asked.sentences,
        "neutral openings": asked.openings,
    }
    if spec.paraphrases:
        kinds["paraphrases of these pairs"] = asked.reworded
        kinds["surroundings"] = asked.surroundings.before
    lacking = [kind for kind, known in kinds.items() if not known]
    return f"There are no {' and no '.join(lacking)} in {language}." if lacking else ""


def dims_of(study: Study, spec: ReportCardSpec) -> dict[str, tuple[str, ...]]:
    """The dimensions of the trial with their coordinates."""
    dims = usual_dims(study, spec)
    if spec.paraphrases:
        dims["surrounding"] = SURROUNDINGS
        dims["template"] = REQUESTED
        dims["wording"] = WORDINGS
        dims["paraphrase"] = numbered(spec.paraphrases)
    return dims


def usual_dims(study: Study, spec: ReportCardSpec) -> dict[str, tuple[str, ...]]:
    """Those of every card."""
    twins = [f"twin {number}" for number in range(1, spec.twins + 1)]
    return {
        "language": spec.languages,
        "vector": (NONE, VECTOR, *twins),
        "dose": tuple(f"{dose:g}" for dose in spec.doses),
        "frame": tuple(FRAMES),
        "place": PLACES,
        "other": others_of(study, spec) or (NONE,),
        "prompt": numbered(spec.prompts),
        "fact": numbered(spec.facts),
        "sentence": numbered(spec.sentences),
        "draw": ANSWERS,
        "answer": numbered(spec.answers),
    }


def numbered(count: int) -> tuple[str, ...]:
    """“1”, “2” and so on."""
    return tuple(map(str, range(1, count + 1)))


def arrays_of(spec: ReportCardSpec) -> dict[str, TrialArray]:
    """The arrays of the trial."""
    odds = "log-odds of the positive text"

    def array(dims: str, words: str, units: str) -> TrialArray:
        names = ("vector", *dims.split())
        return TrialArray(dims=names, long_name=words, units=units, gaps=True)

    found = {
        "effect": array("dose prompt", odds, "nats per token"),
        "framed": array(
            "frame prompt", f"{odds} in other surroundings", "nats per token"
        ),
        "placed": array("place prompt", f"{odds}, pushed elsewhere", "nats per token"),
        "others": array("other prompt", f"{odds} of other concepts", "nats per token"),
        "right": array("fact", "right answer is likeliest", "share"),
        "surprise": array("sentence", "surprise at neutral text", "nats per token"),
        "drifted": array("draw answer", "answer left its language", "share"),
        "repeated": array("draw answer", "share that an answer repeats", "share"),
    }
    if spec.paraphrases:
        units = "nats per token"
        found["retold"] = array("surrounding prompt", f"{odds}, retold", units)
        found["answered"] = array("template prompt", f"{odds} as an answer", units)
        found["reworded"] = array("wording paraphrase", f"{odds}, reworded", units)
    return found


def tokens(study: Study, spec: ReportCardSpec) -> int:
    """About how many tokens pass the model; errors as in ``begin``."""
    known = settled(study, spec)
    corpus = corpora.find(study_spec(study).corpus_digest)
    pushes = 2 + known.twins
    letters, written_tokens = 0, 0
    for language in known.languages:
        asked = paper(study, known, corpus, language)
        own = sum(prompt.letters for prompt in asked.pairs)
        rounds = len(known.doses) + len(FRAMES) + len(PLACES)
        if known.paraphrases:
            rounds += len(asked.surroundings.before) + len(REQUESTED)
        letters += own * rounds * pushes
        for pair in asked.reworded:
            letters += pushes * (pair.written.letters + pair.other.letters)
        for pairs in asked.others.values():
            letters += pushes * sum(prompt.letters for prompt in pairs)
        for fact in asked.facts:
            options = 1 + len(fact.wrong)
            letters += pushes * options * (len(fact.question) + len(fact.right))
        letters += pushes * sum(map(len, asked.sentences))
        written_tokens += pushes * len(ANSWERS) * len(asked.openings) * known.tokens
    return letters // LETTERS_A_TOKEN + written_tokens


def check_file(study: Study, layers: Sequence[int], layer: int, width: int) -> None:
    """SpecError where a kept vector file lacks the layer, or is of another width."""
    if layer not in layers:
        raise SpecError(
            f"The vector file has no layer {layer}; it has {', '.join(map(str, layers))}."
        )
    known = study.array("concept_vector").sizes["hidden"]
    if width != known:
        raise SpecError(
            f"The vector file is of width {width}; “{study.title}” is of {known}."
        )
