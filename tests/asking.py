"""A stand-in that answers questions: states and answers with a planted truth."""

import hashlib

import numpy as np

from analysis.core.specs import ModelSpec
from analysis.plane.specs import SweepSpec
from analysis.questions.questions import CULTURE, UNIVERSAL, Question, Questions
from analysis.questions.specs import QuestionSpec

LANGUAGES = ("en", "fr", "sw")
LAYERS, HIDDEN, ITEMS = 5, 16, 24
TRANSFER_LAYER, LOCAL_LAYER = 2, 4
MODEL = ModelSpec("fake")


def questions(
    languages: tuple[str, ...] = LANGUAGES, items: int = ITEMS, options: int = 2
) -> Questions:
    """Universal and culture questions; every second item is held out.

    The right answer is “right”, the local one “local”.
    """
    listed = []
    for code in languages:
        for i in range(items):
            split = ("train", "test")[i % 2]
            choices = ("right", "wrong", "off", "none")[:options]
            listed.append(
                Question(
                    f"u{i}",
                    UNIVERSAL,
                    code,
                    f"universal {i} {code}",
                    "right",
                    choices,
                    split=split,
                )
            )
            named = f"culture {i} {code} named"
            listed.append(
                Question(
                    f"c{i}",
                    CULTURE,
                    code,
                    f"culture {i} {code}",
                    "local",
                    ("foreign", "local"),
                    named,
                    "there",
                    split,
                )
            )
    return Questions("planted", tuple(listed))


def axis(place: int) -> np.ndarray:
    """A unit vector."""
    return np.eye(HIDDEN, dtype=np.float32)[place]


class PlantedReader:
    """English questions are shifted along axis 0, named countries along axis 1 (or,
    ``parallel``, along axis 0 too).
    """

    layers, hidden = LAYERS, HIDDEN
    scores = True

    def __init__(self, parallel: bool = False, noise: float = 0.1, merged: int = 3):
        self.parallel, self.noise, self.merged = parallel, noise, merged

    def stream(self, texts, consumers):
        """Feed the consumers in batches of seven."""
        for start in range(0, len(texts), 7):
            part = texts[start : start + 7]
            states = np.stack([self.state(text) for text in part])
            for consumer in consumers:
                consumer.eat(np.arange(start, start + len(part)), states)

    def state(self, text):
        """(layer, hidden): the item's own point, the language's (away at layer
        ``merged``), what is planted, noise.
        """
        kind, item, code, *named = text.split()
        point, place, noise = (drawn(name) for name in (f"{kind} {item}", code, text))
        away = np.ones((LAYERS, 1), np.float32)
        away[self.merged - 1] = 0
        state = np.tile(3 * point, (LAYERS, 1)) + 2 * away * place + self.noise * noise
        state[:, :2] = 0
        return (
            state
            + (code == "en") * axis(0)
            + bool(named) * axis(0 if self.parallel else 1)
        )

    def score(self, texts, options):
        """Nats with the answer of an unsteered PlantedAnswerer ahead."""
        return PlantedAnswerer().score(texts, [()] * len(texts), options)

    def tail(self, text):
        """Two tokens."""
        return [text[:-1], text[-1:]]


def drawn(name: str) -> np.ndarray:
    """A random vector that belongs to a name."""
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
    return np.random.default_rng(seed).standard_normal(HIDDEN).astype(np.float32)


class PlantedAnswerer:
    """Universal items come right when pushed along axis 0 at TRANSFER_LAYER, culture
    items local along axis 1 at LOCAL_LAYER.

    A push along axis 0 anywhere costs some local answers, unless the local push is
    there too. A third of the items of either kind
    need no push; naming the country is always enough.
    """

    def __init__(self, fails_after: int | None = None):
        self.calls, self.fails_after = 0, fails_after

    def score(self, texts, pushes, options):
        """Nats with the taken option ahead."""
        self.calls += 1
        if self.fails_after is not None and self.calls > self.fails_after:
            raise KeyboardInterrupt
        said = self.write(texts, pushes)
        return [
            (
                np.array([0.0 if o == s else -2.0 for o in choices]),
                np.ones(len(choices), int),
            )
            for s, choices in zip(said, options)
        ]

    def write(self, texts, pushes):
        """The option that is taken."""
        return [self.answer(text, push) for text, push in zip(texts, pushes)]

    def answer(self, text, push):
        """One answer."""
        kind, item, _, *named = text.split()
        english = {layer: float(vector[0]) for layer, vector in push}
        local = {layer: float(vector[1]) for layer, vector in push}
        easy = int(item) // 2 % 3 == 0
        if kind == "universal":
            return "right" if easy or english.get(TRANSFER_LAYER, 0) > 0.5 else "wrong"
        if named or local.get(LOCAL_LAYER, 0) > 0.5:
            return "local"
        return "local" if easy and max(english.values(), default=0) < 0.5 else "foreign"


def question_spec(asked: Questions, **changes: object) -> QuestionSpec:
    """How the planted questions are asked."""
    return QuestionSpec(
        MODEL, asked.name, asked.digest, asked.languages, "none", **changes
    )


def sweep_spec(asked: Questions, **changes: object) -> SweepSpec:
    """A sweep over all layers."""
    layers = tuple(range(1, LAYERS + 1))
    return SweepSpec(
        MODEL,
        asked.name,
        asked.digest,
        asked.languages,
        layers,
        (1.0, 2.0),
        "none",
        **changes,
    )
