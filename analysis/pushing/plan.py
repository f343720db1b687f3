"""The plan of the second triangle: which cells there are, and what each of them holds."""

from collections.abc import Sequence
from dataclasses import replace

from analysis.concepts import corpora
from analysis.concepts.pairs import Corpus
from analysis.concepts.specs import StudySpec
from analysis.core.errors import SpecError, unknown
from analysis.core.specs import check, check_layer, digest, from_dict, written
from analysis.core.templates import TEMPLATES
from analysis.pushing.held_out import held_out
from analysis.pushing.prompts import (
    ANSWER_TOKENS,
    READOUTS,
    Asked,
    Prompt,
    of_cell,
)
from analysis.pushing.specs import FEWEST_PROMPTS, PAIRS, PushingSpec
from analysis.study.study import Study
from analysis.study.trial_part import TrialArray, TrialPart

LETTERS_A_TOKEN = 3
"""About how many letters a token has, over many scripts and tokenizers."""


def study_spec(study: Study) -> StudySpec:
    """The spec that a study was computed with; SpecError for one without."""
    known = study.manifest.spec
    if known is None or not study.has("concept_vector"):
        raise SpecError(
            f"“{study.title}” keeps no concept vectors that could push. Compute a study "
            "of this model on the Extract page."
        )
    if "corpus_digest" not in known:
        raise SpecError(
            f"“{study.title}” was not made from contrast pairs, at which its vectors could "
            "be tried. Compute a study of this model on the Extract page."
        )
    return from_dict(StudySpec, known)


def settled(study: Study, spec: PushingSpec) -> PushingSpec:
    """A spec with everything said that it left to the study; SpecError as in ``begin``."""
    own = study_spec(study)
    concepts = spec.concepts or study.concepts[:1]
    sources = spec.sources or study.languages
    targets = spec.targets or sources
    check_known("concept", concepts, study.concepts)
    check_known("language", (*sources, *targets), study.languages)
    layer = spec.layer or max(1, study.layers // 2)
    check_layer(layer, range(1, study.layers + 1))
    template = spec.template or own.template
    check("template", template, TEMPLATES)
    check("readout", spec.readout, READOUTS)
    return replace(
        spec,
        concepts=concepts,
        sources=sources,
        targets=targets,
        layer=layer,
        template=template,
    )


def check_known(kind: str, chosen: Sequence[str], known: Sequence[str]) -> None:
    """SpecError for a name that a study does not have."""
    for name in chosen:
        if name not in known:
            raise unknown(kind, name, known)


def asked_of(study: Study, spec: PushingSpec, corpus: Corpus, concept: str) -> Asked:
    """Of what the prompts of a concept are made."""
    held = held_out(corpus, study_spec(study), concept, spec.sources, spec.prompts)
    return Asked(corpus, concept, held, spec.targets, spec.prompts, spec.seed)


def begin(study: Study, spec: PushingSpec) -> TrialPart:
    """What a study says of its second triangle before anything is computed.

    SpecError for what the study does not have, CorpusError where its contrast pairs are
    not here.
    """
    known = settled(study, spec)
    corpus = corpora.find(study_spec(study).corpus_digest)
    most = 0
    notes: list[str] = []
    for concept in known.concepts:
        asked = asked_of(study, known, corpus, concept)
        if known.readout == PAIRS and asked.held.halves:
            notes.append(halves_note(concept))
        for target in known.targets:
            prompts = of_cell(known.readout, asked, target)
            check_enough(prompts, concept, target)
            most = max(most, len(prompts))
    return TrialPart(
        spec=written(known),
        digest=digest(known),
        dims=dims_of(known, most),
        cells=("concept", "target"),
        numbers=("strength",),
        arrays=arrays_of(known),
        notes=tuple(notes),
    )


def halves_note(concept: str) -> str:
    """What is said of a concept of which too few pairs were held out."""
    return (
        f"Each pair of {concept} was pushed with a vector of the other half of the "
        "pairs, which its own source had no part in."
    )


def check_enough(prompts: Sequence[Prompt], concept: str, target: str) -> None:
    """SpecError for a language with too few prompts."""
    if len(prompts) < FEWEST_PROMPTS:
        raise SpecError(
            f"{concept} in “{target}” has {len(prompts)} prompts to push at; at least "
            f"{FEWEST_PROMPTS} are needed. Leave the language out, or choose another "
            "concept or readout."
        )


def dims_of(spec: PushingSpec, prompts: int) -> dict[str, tuple[str, ...]]:
    """The dimensions of the trial with their coordinates."""
    return {
        "concept": spec.concepts,
        "target": spec.targets,
        "source": spec.sources,
        "strength": tuple(f"{strength:g}" for strength in spec.strengths),
        "draw": numbered(spec.draws),
        "prompt": numbered(prompts),
    }


def numbered(count: int) -> tuple[str, ...]:
    """“1”, “2” and so on."""
    return tuple(map(str, range(1, count + 1)))


def arrays_of(spec: PushingSpec) -> dict[str, TrialArray]:
    """The arrays of the trial."""
    readout = READOUTS[spec.readout]
    by_source = ("source", "strength", "prompt")
    by_draw = ("draw", "strength", "prompt")
    change = f"change of the {readout.words}"
    dearer = "by how much less likely both kinds of continuation become"
    if readout.verdict:
        dearer = "by how much less likely answers become to the model without a push"
    of_random = "under a random direction"

    def array(
        dims: tuple[str, ...], words: str, units: str, chance: float | None = 0.0
    ) -> TrialArray:
        return TrialArray(
            dims=dims, long_name=words, units=units, chance=chance, gaps=True
        )

    return {
        "base": array(("prompt",), f"{readout.words}, no push", readout.units, None),
        "effect": array(by_source, change, readout.units),
        "random": array(by_draw, f"{change} {of_random}", readout.units),
        "cost": array(by_source, dearer, "nats per token"),
        "random-cost": array(by_draw, f"{dearer} {of_random}", "nats per token"),
    }


def tokens(study: Study, spec: PushingSpec) -> int:
    """About how many tokens pass the model; errors as in ``begin``."""
    known = settled(study, spec)
    corpus = corpora.find(study_spec(study).corpus_digest)
    times = 1 + (len(known.sources) + known.draws) * len(known.strengths)
    letters = answers = 0
    for concept in known.concepts:
        asked = asked_of(study, known, corpus, concept)
        for target in known.targets:
            prompts = of_cell(known.readout, asked, target)
            letters += sum(prompt.letters for prompt in prompts)
            answers += len(prompts)
    if not READOUTS[known.readout].verdict:
        return times * letters // LETTERS_A_TOKEN
    # What is written is read again without a push, behind its question.
    read = 2 * (letters // LETTERS_A_TOKEN + answers * ANSWER_TOKENS)
    return times * read
