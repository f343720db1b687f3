"""Sentences of a methods section about one study.

Model, corpus, and what the page that drew the figure used of the study.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from analysis.concepts.folded import SWAPS
from analysis.concepts.pairs import FOLDS
from analysis.control.specs import CHANGED_AND_KEPT

Facts = Mapping[str, Any]

PRINTED = "Numbers of {model} are as printed in: {citation}"
STATES = "States were read from {model} ({weights}){states_at} after each of {layers} blocks."
VECTORS = (
    "Concept vectors were read from {model} ({weights}) with the estimator “{estimator}” "
    "and the template “{template}”, {vectors_at} after each of {layers} "
    "blocks.\n"
    "Contrast pairs: {corpus} (digest {corpus_digest}), split {split}, seed {seed}."
)
FOLDED = (
    "Every pair was held out once, in {split} of whole sources, the same in every "
    "language, and judged by the vectors of the other folds; the concept vector itself "
    "is of all pairs. Intervals and tests are widened by what vectors of folds share, "
    "seen over {swaps} swaps of the members of whole sources after which vectors were "
    "made anew."
)
STUDY = "Study digest {digest}."
DEMO = (
    "The model is a demonstration trained on a toy world and says nothing about real "
    "models."
)
DATE_TOLD = "The template tells a date; it was always told {date_told}."
THINKING = "Thinking was {thinking}."
NOT_TOLD = "Settings of its {part} are not known in full."
WORDS = "Words: {words} (digest {words_digest}), read as {embeddings}, layers {layers}."
SENTENCES = (
    "Parallel sentences: {sentences} (digest {sentences_digest}), read as {readings}, "
    "layers {layers}."
)
QUESTIONS = (
    "Questions: {questions} (digest {questions_digest}), template “{template}”, at most "
    "{most} items of a kind, seed {seed}."
)
SWEEP = (
    "Steering: layers {layers}, strengths {strengths}, local vector “{local}”, the best "
    "{depths} layers of each combined; template “{template}”, answers scored by "
    "{scoring}, at most {most} items of a kind, seed {seed}."
)
RUN = (
    "Control: {vector} was pushed by {operator} in a search over "
    "{search} ({strengths}, {layer_sets} sets of layers); the shared vector is of "
    "{source}. Prompts: {prompts} (digest {prompts_digest}), template “{template}”; "
    "{search_prompts} a language to search ({searched_on}), {reported_prompts} to "
    "report; {tokens} new tokens, greedy, seed {seed}."
)
CHANGED_AND_KEPT_WORDS = (
    "An answer has changed its language where a language identifier hears that of the "
    "vector, and kept its content where it holds the known right answer in either "
    "language. The objective is the harmonic mean of both shares, after CLaS-Bench."
)
JUDGING = (
    "Objective: {objective}; {choice} (perplexity at most {perplexity:g} times the "
    "baseline's, drift at most {drift:g} above it); refusals by the list “{openings}”."
)
DOSE = (
    "Steering: {terms}; strengths multiplied by {low:g} to {high:g}. Prompt in "
    "{language}: “{question}”, template “{template}”; {tokens} new tokens, {sampling}."
)
TERM = (
    "{operator} of a {vector} at layers {layers}, strength {strengths}, positions "
    "“{positions}”{held}"
)


def about(facts: Facts) -> list[str]:
    """One study in sentences."""
    usual = {"model": "a model", "citation": "", "digest": "unknown"}
    known = defaultdict(lambda: None, usual | dict(facts))
    if known["kind"] == "published":
        return [PRINTED.format_map(known)]
    known["weights"] = weights(facts)
    read_as = known["read_as"]
    known["vectors_at"] = read_as or "at the last prompt token"
    known["states_at"] = f", {read_as}," if read_as else ""
    read = VECTORS if known["estimator"] else STATES
    said = read.format_map(known).split("\n")
    if known["split"] in FOLDS:
        said.append(FOLDED.format(split=known["split"], swaps=SWAPS))
    said.append(STUDY.format_map(known))
    for key, sentence in {"date_told": DATE_TOLD, "thinking": THINKING}.items():
        if facts.get(key):
            said.append(sentence.format_map(known))
    for part, sentence in PARTS.items():
        if part in facts:
            said.append(sentence_of(part, sentence, facts[part]))
    if known["kind"] == "demo":
        said.append(DEMO)
    return said


def sentence_of(part: str, sentence: Callable[[Facts], str], spec: Facts) -> str:
    """A part of a study in a sentence, or that its settings are not known in full."""
    try:
        return sentence(spec)
    # Studies and recipes come from others, and a part may lack what a sentence needs.
    except (LookupError, TypeError, ValueError, AttributeError):
        return NOT_TOLD.format(part=part)


def weights(facts: Facts) -> str:
    """Revision, number format, quantisation, and how the weights were stored."""
    parts = []
    if facts.get("revision"):
        parts.append(f"revision {facts['revision']}")
    if facts.get("dtype"):
        parts.append(facts["dtype"])
    if facts.get("quantisation") not in ("none", None, ""):
        parts.append(facts["quantisation"])
    if facts.get("stored"):
        parts.append(facts["stored"])
    return ", ".join(parts)


def words(spec: Facts) -> str:
    """The word list of an alignment."""
    embeddings = listed(spec["embeddings"])
    layers = listed(spec["layers"]) or "all"
    changes = {"embeddings": embeddings, "layers": layers}
    return WORDS.format_map({**spec, **changes})


def questions(spec: Facts) -> str:
    """The questions that states were read from."""
    return QUESTIONS.format_map(spec)


def plane(spec: Facts) -> str:
    """The sweep behind a plane."""
    scoring = spec["scoring"]
    if scoring == "likelihood" and spec["normalised"]:
        scoring = f"{scoring} per token"
    changes = {
        "layers": listed(spec["layers"]),
        "strengths": listed(spec["strengths"]),
        "scoring": scoring,
    }
    return SWEEP.format_map({**spec, **changes})


def run(spec: Facts) -> str:
    """A control run and how it was judged."""
    strengths = "the strengths of the search"
    if spec["strengths"]:
        strengths = f"strengths {listed(spec['strengths'])}"
    vector = f"the vector of “{spec['concept']}”"
    if spec.get("towards"):
        vector = f"the language vector towards {spec['towards']}"
    pushed = RUN.format_map({**spec, "strengths": strengths, "vector": vector})
    judged = JUDGING.format_map(spec["judging"])
    if spec["judging"]["objective"] == CHANGED_AND_KEPT:
        judged = f"{CHANGED_AND_KEPT_WORDS} {judged}"
    return f"{pushed} {judged}"


def dose(spec: Facts) -> str:
    """A dose–response curve."""
    ask = spec["ask"]
    made = spec["generation"]
    sampling = "greedy"
    if made["temperature"]:
        sampling = "temperature {temperature:g}, seed {seed}".format_map(made)
    known = {
        "terms": "; ".join(map(term, ask["steering"]["terms"])),
        "low": min(spec["doses"]),
        "high": max(spec["doses"]),
        "language": ask["language"],
        "question": ask["question"],
        "template": spec["template"],
        "tokens": made["tokens"],
        "sampling": sampling,
    }
    return DOSE.format_map(known)


def term(spec: Facts) -> str:
    """One vector at some layers."""
    source = spec["source"]
    vector = source["kind"]
    of = [part for part in (source["concept"], source["language"]) if part]
    if of:
        vector = f"{vector} ({', '.join(of)})"
    held = ""
    if spec["condition"]:
        held = ", where the prompt's state allows"
    changes = {
        "vector": vector,
        "layers": listed(spec["layers"]),
        "strengths": listed(spec["strengths"]),
        "held": held,
    }
    return TERM.format_map({**spec, **changes})


def listed(values: Sequence[Any]) -> str:
    """Values with commas, without needless digits."""
    said = []
    for value in values:
        if isinstance(value, float):
            said.append(f"{value:g}")
        else:
            said.append(str(value))
    return ", ".join(said)


def sentences(spec: Facts) -> str:
    """The parallel text of an alignment of sentences."""
    layers = listed(spec["layers"]) or "all"
    changes = {"readings": listed(spec["readings"]), "layers": layers}
    return SENTENCES.format_map({**spec, **changes})


PARTS: dict[str, Callable[[Facts], str]] = {
    "words": words,
    "sentences": sentences,
    "questions": questions,
    "plane": plane,
    "run": run,
    "dose": dose,
}
"""What a page may have used of a study → its sentence."""
