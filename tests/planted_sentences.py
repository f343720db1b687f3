"""Studies of parallel sentences with a planted truth, in memory or in the store."""

from dataclasses import asdict
from pathlib import Path

import numpy as np

from analysis.core.specs import ModelSpec
from analysis.sentences.parallel import ParallelText
from analysis.sentences.plan import entry_of, sentence_spec
from analysis.sentences.readings import READINGS
from analysis.study import store
from analysis.study.manifest import Manifest
from analysis.study.study import COMPUTED, Study

LANGUAGES, LAYERS, HIDDEN = ("en", "fr", "zh"), (1, 2, 3), 24
READ = ("mean over tokens", "weighted mean")
NOISES = (2.0, 0.2, 1.0)
"""Noise at every layer: translations meet best in the middle."""


def parallel_text(n: int = 60, languages: tuple[str, ...] = LANGUAGES) -> ParallelText:
    """Sentences of which French lacks the last."""
    texts = []
    for code in languages:
        own = [f"{code} {number}" for number in range(n)]
        if code == "fr":
            own[-1] = ""
        texts.append(tuple(own))
    topics = tuple(("sports", "travel")[number % 2] for number in range(n))
    ids = tuple(map(str, range(n)))
    return ParallelText("planted", languages, ids, tuple(texts), topics)


def planted_states(text: ParallelText, shift: float = 0.3, seed: int = 0) -> np.ndarray:
    """States (reading, language, layer, sentence, hidden): what translations share, what a
    language adds to all its sentences, and noise that differs by layer.
    """
    rng = np.random.default_rng(seed)
    n = len(text.ids)
    shape = (len(READ), len(text.languages), len(LAYERS), n, HIDDEN)
    shared = rng.standard_normal((n, HIDDEN))
    offset = shift * rng.standard_normal((len(text.languages), 1, 1, HIDDEN))
    noise = np.array(NOISES)[:, None, None] * rng.standard_normal(shape)
    states = shared + offset + noise
    for place, code in enumerate(text.languages):
        states[:, place, :, ~text.present(code)] = np.nan
    return states.astype(np.float32)


def entry(text: ParallelText):
    """What a manifest tells of the sentences."""
    spec = sentence_spec(ModelSpec("planted/model"), text, READ)
    return entry_of(spec, text, LAYERS)


def sentence_study(text: ParallelText, states: np.ndarray) -> Study:
    """A study in memory whose sentences have these states."""

    def read_sentences(reading: str, language: str, layer: int) -> np.ndarray:
        place = READ.index(reading), text.languages.index(language)
        return states[place][LAYERS.index(layer)]

    return Study(
        name="planted",
        title="Planted",
        kind=COMPUTED,
        model="none",
        concepts=(),
        languages=text.languages,
        layers=LAYERS[-1],
        available=frozenset({"sentence_state"}),
        load={}.__getitem__,
        read_sentences=read_sentences,
        manifest=Manifest(sentences=entry(text), hidden=states.shape[-1]),
    )


def stored_sentences(name: str, text: ParallelText | None = None) -> Path:
    """The same in the store, as a job would leave it."""
    text = text or parallel_text()
    folder = store.create(
        name,
        Manifest(
            title="Planted sentences",
            spec={"model": asdict(ModelSpec("planted/model"))},
            languages=text.languages,
            layers=LAYERS[-1],
            hidden=HIDDEN,
            pairs={},
            sentences=entry(text),
        ),
    )
    put_sentences(folder, text, planted_states(text))
    return folder


def put_sentences(folder: Path, text: ParallelText, states: np.ndarray) -> None:
    """Write the cells of a manifest's sentences."""
    for r in range(len(READ)):
        for a, code in enumerate(text.languages):
            there = states[r, a][:, text.present(code)]
            tensors = {f"sentence_state/{r}/{a}": there.astype(np.float16)}
            if r == 0:
                tensors[f"sentence_mean/{a}"] = there.mean(1)
                lengths = np.linalg.norm(there, axis=-1).mean(1)
                tensors[f"sentence_norm/{a}"] = lengths.astype(np.float32)
            store.add_file(folder, f"sentence-{r:03d}-{a:03d}.safetensors", tensors)


assert set(READ) <= READINGS.keys()
