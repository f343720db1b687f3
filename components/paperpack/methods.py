"""Sentences of a methods section about one study.

Model, corpus, and what the page that drew the figure used of the study.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Facts = Mapping[str, Any]
DEMO_SENTENCE = (
    "The model is a demonstration trained on a toy world and says nothing about real "
    "models."
)


def about(facts: Facts) -> list[str]:
    """One study in sentences."""
    if facts.get("kind") == "published":
        model, citation = facts.get("model", "a model"), facts.get("citation", "")
        return [f"Numbers of {model} are as printed in: {citation}"]
    said = vectors(facts) if facts.get("estimator") else states(facts)
    said.append(f"Study digest {facts.get('digest', 'unknown')}.")
    for part, sentence in PARTS.items():
        if part in facts:
            said.append(sentence(facts[part]))
    if facts.get("kind") == "demo":
        said.append(DEMO_SENTENCE)
    return said


def weights(facts: Facts) -> str:
    """Revision, number format and quantisation."""
    parts = []
    if facts.get("revision"):
        parts.append(f"revision {facts['revision']}")
    if facts.get("dtype"):
        parts.append(facts["dtype"])
    if facts.get("quantisation", "none") not in ("none", None, ""):
        parts.append(facts["quantisation"])
    return ", ".join(parts)


def states(facts: Facts) -> list[str]:
    """A study without concept vectors."""
    return [
        f"States were read from {facts.get('model', 'a model')} ({weights(facts)}) "
        f"after each of {facts.get('layers')} blocks."
    ]


def vectors(facts: Facts) -> list[str]:
    """How concept vectors were read."""
    return [
        f"Concept vectors were read from {facts.get('model', 'a model')} "
        f"({weights(facts)}) with the estimator “{facts.get('estimator')}” and the "
        f"template “{facts.get('template')}”, at the last prompt token after each of "
        f"{facts.get('layers')} blocks.",
        f"Contrast pairs: {facts.get('corpus')} (digest {facts.get('corpus_digest')}), "
        f"split {facts.get('split')}, seed {facts.get('seed')}.",
    ]


def words(spec: Facts) -> str:
    """The word list of an alignment."""
    layers = listed(spec["layers"]) or "all"
    return (
        f"Words: {spec['words']} (digest {spec['words_digest']}), read as "
        f"{listed(spec['embeddings'])}, layers {layers}."
    )


def questions(spec: Facts) -> str:
    """The questions that states were read from."""
    return (
        f"Questions: {spec['questions']} (digest {spec['questions_digest']}), template "
        f"“{spec['template']}”, at most {spec['most']} items of a kind, "
        f"seed {spec['seed']}."
    )


def plane(spec: Facts) -> str:
    """The sweep behind a plane."""
    scoring = spec["scoring"]
    if scoring == "likelihood" and spec["normalised"]:
        scoring = f"{scoring} per token"
    return (
        f"Steering: layers {listed(spec['layers'])}, strengths "
        f"{listed(spec['strengths'])}, local vector “{spec['local']}”, the best "
        f"{spec['depths']} layers of each combined; template “{spec['template']}”, "
        f"answers scored by {scoring}, at most {spec['most']} items of a kind, "
        f"seed {spec['seed']}."
    )


def run(spec: Facts) -> str:
    """A control run and how it was judged."""
    return f"{searched(spec)} {prompted(spec)} {judged(spec['judging'])}"


def searched(spec: Facts) -> str:
    """What a control run pushed, and where."""
    strengths = "the strengths of the search"
    if spec["strengths"]:
        strengths = f"strengths {listed(spec['strengths'])}"
    return (
        f"Control: the vector of “{spec['concept']}” was pushed by {spec['operator']} "
        f"in a search over {spec['search']} ({strengths}, {spec['layer_sets']} sets of "
        f"layers); the shared vector is of {spec['source']}."
    )


def prompted(spec: Facts) -> str:
    """What a control run asked."""
    return (
        f"Prompts: {spec['prompts']} (digest {spec['prompts_digest']}), template "
        f"“{spec['template']}”; {spec['search_prompts']} a language to search "
        f"({spec['searched_on']}), {spec['reported_prompts']} to report; "
        f"{spec['tokens']} new tokens, greedy, seed {spec['seed']}."
    )


def judged(judging: Facts) -> str:
    """How a control run was judged."""
    return (
        f"Objective: {judging['objective']}; {judging['choice']} (perplexity at most "
        f"{judging['perplexity']:g} times the baseline's, drift at most "
        f"{judging['drift']:g} above it); refusals by the list “{judging['openings']}”."
    )


def dose(spec: Facts) -> str:
    """A dose–response curve."""
    ask, made = spec["ask"], spec["generation"]
    sampling = "greedy"
    if made["temperature"]:
        sampling = f"temperature {made['temperature']:g}, seed {made['seed']}"
    terms = "; ".join(map(term, ask["steering"]["terms"]))
    return (
        f"Steering: {terms}; strengths multiplied by {min(spec['doses']):g} to "
        f"{max(spec['doses']):g}. Prompt in {ask['language']}: “{ask['question']}”, "
        f"template “{spec['template']}”; {made['tokens']} new tokens, {sampling}."
    )


def term(spec: Facts) -> str:
    """One vector at some layers."""
    source = spec["source"]
    vector = source["kind"]
    of = [part for part in (source["concept"], source["language"]) if part]
    if of:
        vector = f"{vector} ({', '.join(of)})"
    condition = ", where the prompt's state allows" if spec["condition"] else ""
    return (
        f"{spec['operator']} of a {vector} at layers {listed(spec['layers'])}, strength "
        f"{listed(spec['strengths'])}, positions “{spec['positions']}”{condition}"
    )


def listed(values: Sequence[Any]) -> str:
    """Values with commas."""
    return ", ".join(map(short, values))


def short(value: Any) -> str:
    """A value without needless digits."""
    return f"{value:g}" if isinstance(value, float) else str(value)


PARTS: dict[str, Callable[[Facts], str]] = {
    "words": words,
    "questions": questions,
    "plane": plane,
    "run": run,
    "dose": dose,
}
"""What a page may have used of a study → its sentence."""
