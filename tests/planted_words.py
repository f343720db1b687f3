"""Studies of words with a planted truth, in memory or in the store: how the languages'
spaces relate is known beforehand.
"""

from dataclasses import asdict
from pathlib import Path

import numpy as np

from analysis.core.specs import ModelSpec
from analysis.study import coverage, store
from analysis.study.manifest import Manifest, WordsPart
from analysis.study.study import COMPUTED, Study
from analysis.study.word_list import ABSTRACT, PHYSICAL, WordList
from analysis.words.plan import word_spec

LANGUAGES, LAYERS, HIDDEN = ("en", "fr", "zh"), (1, 2, 3), 12
EMBEDDED = ("last token", "prompt: one word")


def word_list(words: int = 90, languages: tuple[str, ...] = LANGUAGES) -> WordList:
    """Words of which every second is abstract, each of its own frequency; nothing is
    spelled alike.
    """
    concepts = tuple(f"word {i}" for i in range(words))
    spellings = tuple(tuple(f"{code}{i}" for i in range(words)) for code in languages)
    kinds = tuple((ABSTRACT, PHYSICAL)[i % 2] for i in range(words))
    return WordList(
        "planted",
        languages,
        concepts,
        spellings,
        kinds,
        tuple(float(i + 1) for i in range(words)),
    )


def planted_vectors(
    words: WordList, noise: float = 0.0, seed: int = 0, hidden: int = HIDDEN
) -> np.ndarray:
    """Each language the first one turned by a rotation of its own: (language, word, hidden)."""
    rng = np.random.default_rng(seed)
    first = rng.standard_normal((len(words.concepts), hidden))
    turns = [np.eye(hidden)] + [
        np.linalg.qr(rng.standard_normal((hidden, hidden)))[0]
        for _ in words.languages[1:]
    ]
    return np.stack(
        [first @ turn + noise * rng.standard_normal(first.shape) for turn in turns]
    )


def word_study(words: WordList, vectors: np.ndarray) -> Study:
    """A study in memory whose word vectors are these at the last layer and noise before."""
    entry = WordsPart(
        spec=asdict(word_spec(ModelSpec("planted"), words, EMBEDDED)),
        list=words,
        layers=LAYERS,
    )

    def read_words(embedding: str, layer: int) -> np.ndarray:
        if layer == LAYERS[-1] and embedding == EMBEDDED[0]:
            return vectors.astype(np.float32)
        rng = np.random.default_rng([layer, EMBEDDED.index(embedding)])
        return np.where(
            np.isfinite(vectors), rng.standard_normal(vectors.shape), np.nan
        ).astype(np.float32)

    return Study(
        name="planted",
        title="Planted",
        kind=COMPUTED,
        model="none",
        concepts=(),
        languages=words.languages,
        layers=LAYERS[-1],
        available=frozenset({"word_vector"}),
        load={}.__getitem__,
        read_words=read_words,
        manifest=Manifest(words=entry, hidden=vectors.shape[-1]),
    )


def stored_words(
    name: str,
    words: WordList,
    vectors: np.ndarray,
    cells: int | None = None,
    **facts: object,
) -> Path:
    """The same study in the store, as an embedding would leave it; ``cells`` stops
    after so many.
    """
    study = word_study(words, vectors)
    folder = store.create(
        name,
        Manifest(
            title=str(facts.pop("title", "Planted words")),
            spec={"model": {"model": "planted/model"}},
            languages=words.languages,
            layers=study.layers,
            hidden=vectors.shape[-1],
            pairs={},
            words=study.manifest.words,
            **facts,
        ),
    )
    for e, a in coverage.word_cells(store.read_manifest(folder))[:cells]:
        there = words.present(words.languages[a])
        states = np.stack(
            [study.read_words(EMBEDDED[e], layer)[a, there] for layer in LAYERS]
        ).astype(np.float16)
        store.add_file(
            folder,
            f"word-{e:03d}-{a:03d}.safetensors",
            {f"{coverage.WORDS}/{e}/{a}": states},
        )
    return folder
