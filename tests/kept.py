"""What was kept from before the rooms, and how it is asked what it says.

``before_rooms/`` was written by the last version before the rooms: ``home`` is a whole
home of Babelscope, ``packed.babelscope`` one of its studies in one file, ``recipes``
holds a figure of every kind, ``links.txt`` a link a line, and ``expected.json`` what
all of them said then, without intervals, which are computed in another way since.
"""

import hashlib
import json
import math
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np

from analysis.concepts import recognition, similarity, transfer
from analysis.concepts.specs import CONVENTIONS
from analysis.control import store as control
from analysis.control import surfaces as control_measures
from analysis.plane import localisation
from analysis.questions import geometry
from analysis.words import alignment
from analysis.words.specs import AlignmentSpec
from components.paperpack import recipes

BEFORE = Path(__file__).parent / "before_rooms"
EXPECTED = json.loads((BEFORE / "expected.json").read_text(encoding="utf-8"))
LINKS = (BEFORE / "links.txt").read_text(encoding="utf-8").splitlines()
RECIPES = sorted(path.stem for path in (BEFORE / "recipes").glob("*.json"))
PACKED = BEFORE / "packed.babelscope"
CONCEPTS = ("fairness", "truth", "care")


class Reader:
    """The stand-in that the studies were read with: a text alone says its states."""

    layers, hidden = 3, 8

    def stream(self, texts, consumers):
        """Feed the consumers with all texts at once."""
        states = np.stack([self.state(text) for text in texts])
        for consumer in consumers:
            consumer.eat(np.arange(len(texts)), states)

    def state(self, text):
        """(layer, hidden): noise, moved along the concept's and the language's axis."""
        concept, language, sign, *_ = text.split()
        state = drawn(text, (self.layers, self.hidden))
        way = 1.0 if sign == "+" else -1.0
        state[:, CONCEPTS.index(concept)] += 0.6 * way
        own = len(CONCEPTS)
        state[:, own:] += 0.5 * way * drawn(language, (self.hidden - own,))
        return state

    def tail(self, text):
        """The last words stand in for the last tokens."""
        return text.split()[-2:]

    def alike(self, first, second):
        """Texts are told apart by every letter."""
        return [one == other for one, other in zip(first, second)]


def drawn(name, shape):
    """Random numbers that belong to a name."""
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def rounded(values):
    """Numbers as a flat list that JSON knows; None for what is no number."""
    flat = np.ravel(np.asarray(values, float)).tolist()
    return [round(value, 6) if math.isfinite(value) else None for value in flat]


def arrays(study):
    """Array → the beginning of the SHA-256 of its bytes."""
    found = {}
    for name in sorted(study.available):
        held = np.ascontiguousarray(study.array(name).values)
        found[name] = hashlib.sha256(held.tobytes()).hexdigest()[:16]
    return found


def concept_numbers(study):
    """What a study of contrast pairs says."""
    found = {}
    for name, convention in CONVENTIONS.items():
        told = recognition.recognition(study, convention)
        found[f"recognition {name}"] = rounded(told["accuracy"])
        crossed = transfer.transfer(study, convention)
        for part in ("transfer", "accuracy"):
            found[f"transfer {name} {part}"] = rounded(crossed[part])
    found["similarity"] = rounded(similarity.similarity(study)["cosine"])
    found["similarity at 2"] = rounded(similarity.similarity(study, 2)["cosine"])
    return found


def question_numbers(study):
    """What a study of words, questions and a sweep says."""
    spec = AlignmentSpec("mean over tokens", map="ridge", seeds=25, seed=3)
    found = {"alignment": rounded(alignment.alignment(study, spec, "en")["precision"])}
    found["angle"] = rounded(geometry.mean_angle(study, "own")["cosine"])
    table = localisation.sweep_table(study, 1)
    for column in ("transfer", "localisation", "gain", "erasure"):
        found[f"plane {column}"] = rounded(table[column])
    chosen = localisation.chosen_settings(study)
    found["chosen"] = [chosen[mode] for mode in sorted(chosen)]
    return found


NUMBERS = {"concepts": concept_numbers, "questions": question_numbers}


def control_numbers(run, judging):
    """What a control run says under a judging."""
    answers = control.frame(run, judging)
    found = control_measures.surfaces(answers, run.grid, judging)
    picked = control_measures.chosen(found, run.grid, judging)
    report = control_measures.report(answers, run.spec, picked, judging)
    numbers = report.select_dtypes("number")
    settings = {a: [each.strength, list(each.layers)] for a, each in picked.items()}
    return {
        "verdicts": answers["verdict"].value_counts().sort_index().to_dict(),
        "surface": rounded(found["effect"]),
        "perplexity": rounded(found["perplexity"]),
        "chosen": settings,
        "report": rounded(numbers.drop(columns=["low", "high"])),
    }


def figure_numbers(figure):
    """The numbers that a figure draws, and its table."""
    drawn_numbers = recipes.numbers(figure)
    places = drawn_numbers["array"] + " " + drawn_numbers["place"]
    return {
        "places": places.tolist(),
        "values": rounded(drawn_numbers["value"]),
        "table": json.loads(figure.table.to_json(orient="split", double_precision=6)),
    }


def recipe(name):
    """A kept recipe."""
    path = BEFORE / "recipes" / f"{name}.json"
    return recipes.read(path.read_bytes(), path.name)


def parts(link):
    """The page's file and the query of a link."""
    split = urlsplit(link)
    page = f"pages/{split.path}.py" if split.path else "app.py"
    return page, parse_qs(split.query)
