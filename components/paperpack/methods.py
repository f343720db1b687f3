"""Sentences of a methods section about one study: model, corpus, and what the page that drew the figure used of it."""

from collections.abc import Callable, Mapping, Sequence


def about(facts: Mapping) -> list[str]:
    """One study in sentences."""
    if facts.get("kind") == "published":
        return [
            f"Numbers of {facts.get('model', 'a model')} are as printed in: {facts.get('citation', '')}"
        ]
    demo = [
        "The model is a demonstration trained on a toy world and says nothing about real models."
    ]
    return [
        *(vectors(facts) if facts.get("estimator") else reader(facts)),
        f"Study digest {facts.get('digest', 'unknown')}.",
        *(sentence(facts[part]) for part, sentence in PARTS.items() if part in facts),
        *(demo if facts.get("kind") == "demo" else []),
    ]


def weights(facts: Mapping) -> str:
    """Revision, number format and quantisation."""
    quantised = (
        facts.get("quantisation") if facts.get("quantisation", "none") != "none" else ""
    )
    return ", ".join(
        filter(
            None,
            [
                f"revision {facts['revision']}" if facts.get("revision") else "",
                facts.get("dtype"),
                quantised,
            ],
        )
    )


def reader(facts: Mapping) -> list[str]:
    """A study without concept vectors."""
    return [
        f"States were read from {facts.get('model', 'a model')} ({weights(facts)}) after each of {facts.get('layers')} blocks."
    ]


def vectors(facts: Mapping) -> list[str]:
    """How concept vectors were read."""
    return [
        f"Concept vectors were read from {facts.get('model', 'a model')} ({weights(facts)}) with the estimator "
        f"“{facts.get('estimator')}” and the template “{facts.get('template')}”, at the last prompt token after each of "
        f"{facts.get('layers')} blocks.",
        f"Contrast pairs: {facts.get('corpus')} (digest {facts.get('corpus_digest')}), split {facts.get('split')}, "
        f"seed {facts.get('seed')}.",
    ]


def words(spec: Mapping) -> str:
    """The word list of an alignment."""
    layers = listed(spec["layers"]) or "all"
    return f"Words: {spec['words']} (digest {spec['words_digest']}), read as {listed(spec['embeddings'])}, layers {layers}."


def questions(spec: Mapping) -> str:
    """The questions that states were read from."""
    return (
        f"Questions: {spec['questions']} (digest {spec['questions_digest']}), template “{spec['template']}”, at most "
        f"{spec['most']} items of a kind, seed {spec['seed']}."
    )


def plane(spec: Mapping) -> str:
    """The sweep behind a plane."""
    scoring = f"{spec['scoring']}{' per token' if spec['scoring'] == 'likelihood' and spec['normalised'] else ''}"
    return (
        f"Steering: layers {listed(spec['layers'])}, strengths {listed(spec['strengths'])}, local vector “{spec['local']}”, the "
        f"best {spec['depths']} layers of each combined; template “{spec['template']}”, answers scored by {scoring}, at most "
        f"{spec['most']} items of a kind, seed {spec['seed']}."
    )


def run(spec: Mapping) -> str:
    """A control run and how it was judged."""
    strengths = (
        f"strengths {listed(spec['strengths'])}"
        if spec["strengths"]
        else "the strengths of the search"
    )
    judged = spec["judging"]
    return (
        f"Control: the vector of “{spec['concept']}” was pushed by {spec['operator']} in a search over {spec['search']} "
        f"({strengths}, {spec['layer_sets']} sets of layers); the shared vector is of {spec['source']}. Prompts: {spec['prompts']} "
        f"(digest {spec['prompts_digest']}), template “{spec['template']}”; {spec['search_prompts']} a language to search "
        f"({spec['searched_on']}), {spec['reported_prompts']} to report; {spec['tokens']} new tokens, greedy, seed {spec['seed']}. "
        f"Objective: {judged['objective']}; {judged['choice']} (perplexity at most {judged['perplexity']:g} times the baseline's, "
        f"drift at most {judged['drift']:g} above it); refusals by the list “{judged['openings']}”."
    )


def dose(spec: Mapping) -> str:
    """A dose–response curve."""
    ask, made = spec["ask"], spec["generation"]
    way = (
        "greedy"
        if not made["temperature"]
        else f"temperature {made['temperature']:g}, seed {made['seed']}"
    )
    return (
        f"Steering: {'; '.join(map(term, ask['steering']['terms']))}; strengths multiplied by {min(spec['doses']):g} to "
        f"{max(spec['doses']):g}. Prompt in {ask['language']}: “{ask['question']}”, template “{spec['template']}”; "
        f"{made['tokens']} new tokens, {way}."
    )


def term(spec: Mapping) -> str:
    """One vector at some layers."""
    source = spec["source"]
    whose = ", ".join(filter(None, (source["concept"], source["language"])))
    held = ", where the prompt's state allows" if spec["condition"] else ""
    return (
        f"{spec['operator']} of a {source['kind']}{f' ({whose})' if whose else ''} at layers {listed(spec['layers'])}, strength "
        f"{listed(spec['strengths'])}, positions “{spec['positions']}”{held}"
    )


def listed(values: Sequence) -> str:
    """Values with commas."""
    return ", ".join(
        f"{value:g}" if isinstance(value, float) else str(value) for value in values
    )


PARTS: dict[str, Callable[[Mapping], str]] = {
    "words": words,
    "questions": questions,
    "plane": plane,
    "run": run,
    "dose": dose,
}
"""What a page may have used of a study → its sentence."""
