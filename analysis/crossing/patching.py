"""Patching between languages: which layer carries the language, and which the content?

The state of a prompt that asks for one word in one language is put, at one layer, into a
prompt that asks for another word in another language. Where the answer turns to the first
language, or to the first word, that layer carries it. After Dumas et al. 2025.
"""

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from analysis.core.errors import SpecError
from analysis.core.intervals import Interval
from analysis.core.specs import digest, written
from analysis.crossing import word_prompts
from analysis.crossing.specs import PatchingSpec
from analysis.study.study import Study
from analysis.study.trial_part import TrialArray, TrialPart
from analysis.study.word_list import WordList

NAME = "patching"
OTHER, SAME = "other language", "same language"
PATCHES = (OTHER, SAME)
"""Whether the state's prompt asks in another language, or (a control) in the same one."""
BOTH_NEW, OLD_WORD, OLD_LANGUAGE, BOTH_OLD = range(4)
ANSWERS = (
    "its word in its language",
    "the prompt's word in its language",
    "its word in the prompt's language",
    "the prompt's word in the prompt's language",
    "an unrelated word in its language",
    "an unrelated word in the prompt's language",
)
"""“Its” is of the prompt that the state comes from. The last two are a control."""
TARGET, SOURCE = "the prompt", "the state's prompt"
PROMPTS = (TARGET, SOURCE)
DRAWS = 1000
HALF = 0.5


def begin(study: Study, spec: PatchingSpec) -> TrialPart:
    """What a study's manifest tells of the trial: a cell for each language of states.

    SpecError for languages without words, and for too few words.
    """
    name = spec.words or word_prompts.usual_list(study.languages)
    words = word_prompts.list_of(name)
    chosen = spec.languages or tuple(
        code for code in study.languages if code in words.languages
    )
    word_prompts.check_languages(words, (*chosen, spec.into))
    others = tuple(code for code in chosen if code != spec.into)
    if not others:
        raise SpecError(
            f"States of prompts in another language are put into prompts in {spec.into}; "
            "choose another language."
        )
    for code in others:
        check_enough(words, spec, code)
    exact = replace(spec, languages=others, words=name, words_digest=words.digest)
    layers = tuple(str(layer) for layer in range(1, study.layers + 1))
    return TrialPart(
        spec=written(exact),
        digest=digest(exact),
        dims={
            "source": others,
            "patch": PATCHES,
            "layer": layers,
            "pair": tuple(map(str, range(spec.pairs))),
            "answer": ANSWERS,
            "prompt": PROMPTS,
        },
        cells=("source",),
        numbers=("layer",),
        arrays={
            "mass": TrialArray(
                dims=("patch", "layer", "pair", "answer"),
                long_name="probability of how the answer begins",
                units="share",
                gaps=True,
            ),
            "plain": TrialArray(
                dims=("prompt", "pair", "answer"),
                long_name="the same without a patch",
                units="share",
                gaps=True,
            ),
            "told": TrialArray(
                long_name="pairs of words whose answers begin differently"
            ),
        },
    )


def check_enough(words: WordList, spec: PatchingSpec, code: str) -> None:
    """SpecError for fewer words than pairs and examples need."""
    languages = languages_of(words, spec, code)
    known = word_prompts.usable(words, languages)
    needed = 3 + spec.shots
    if len(known) < needed:
        raise SpecError(
            f"“{words.name}” has {len(known)} words that {', '.join(languages)} spell "
            f"differently; {needed} are needed. Choose another language or fewer examples."
        )


def languages_of(words: WordList, spec: PatchingSpec, code: str) -> tuple[str, ...]:
    """Source, target, and the languages in which the two prompts give their words."""
    given = word_prompts.inputs(words, (code, spec.into), 2)
    return (code, spec.into, *given)


@dataclass(frozen=True)
class Triple:
    """Concepts of a pair: the state's, the prompt's, and one that is in neither."""

    source: int
    target: int
    unrelated: int


@dataclass(frozen=True)
class Drawn:
    """Concepts that show prompts what is wanted, and triples in the order to be tried."""

    examples: tuple[int, ...]
    triples: tuple[Triple, ...]


TRIED = 50
"""Triples that are drawn for each pair: those whose answers begin alike are passed over."""


def drawn(words: WordList, spec: PatchingSpec, code: str) -> Drawn:
    """Examples and triples of a language, the same at every call."""
    known = word_prompts.usable(words, languages_of(words, spec, code))
    frequent = word_prompts.most_frequent(words, known)
    rng = np.random.default_rng(spec.seed)
    pool = frequent[: max(8 * spec.pairs, 3 + spec.shots)]
    mixed = rng.permutation(pool)
    examples, rest = mixed[: spec.shots], mixed[spec.shots :]
    triples = []
    for _ in range(TRIED * spec.pairs):
        source, target, unrelated = rng.choice(rest, 3, replace=False).tolist()
        triples.append(Triple(source, target, unrelated))
    return Drawn(tuple(examples.tolist()), tuple(triples))


def answers_of(
    words: WordList, triple: Triple, source: str, target: str
) -> tuple[str, ...]:
    """The words of ANSWERS, in its order."""
    own, other = words.words(source), words.words(target)
    return (
        own[triple.source],
        own[triple.target],
        other[triple.source],
        other[triple.target],
        own[triple.unrelated],
        other[triple.unrelated],
    )


def shares(total: np.ndarray) -> dict[str, np.ndarray]:
    """What became of the answer, from masses (…, answer) that are summed over pairs.

    ``language``: the share of the four answers' mass that is in the state's language;
    ``content``: that is of the state's word; ``unrelated``: what the unrelated word has
    beside the four. NaN where no answer has any mass.
    """
    whole = total[..., :4].sum(-1)
    language = total[..., BOTH_NEW] + total[..., OLD_WORD]
    content = total[..., BOTH_NEW] + total[..., OLD_LANGUAGE]
    return {
        "language": of_whole(language, whole),
        "content": of_whole(content, whole),
        "unrelated": of_whole(total[..., 4:].sum(-1), whole),
    }


def of_whole(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """A part of a whole; NaN where there is nothing."""
    known = whole > 0
    return np.where(known, part / np.where(known, whole, 1), np.nan)


def same_content(total: np.ndarray) -> np.ndarray:
    """The state's word among the two words, in the one language that both prompts ask in.

    From masses (…, answer) that are summed over pairs.
    """
    new = total[..., OLD_LANGUAGE]
    return of_whole(new, new + total[..., BOTH_OLD])


def patched(study: Study) -> xr.Dataset:
    """Which share of the answer turns to the state's language and word, by layer.

    ``language`` and ``content`` (source, layer): of the probability of the four answers
    (two words in two languages), what is in the state's language, and what is of its word;
    ``unrelated`` (source, layer): a third word's, beside them. ``same_content`` (source,
    layer): the content where both prompts ask in the same language. ``known`` (source):
    the right answers' probability without a patch, of both prompts; ``n`` (source) pairs of
    words. ``…_mean``, ``…_low``, ``…_high`` (layer): over languages, 95 % bootstrap over
    pairs of words. After Dumas et al. 2025.
    """
    found = study.trial(NAME)
    masses = masses_of(found)
    draws = masses.drawn()
    variables: dict[str, tuple] = {}
    for name, table in masses.once().items():
        variables[name] = (("source", "layer"), table)
        variables[f"{name}_mean"] = ("layer", over_languages(table))
        ends = spread_of(draws[name])
        variables[f"{name}_low"] = ("layer", ends.low)
        variables[f"{name}_high"] = ("layer", ends.high)
    plain = found["plain"].transpose("source", "prompt", "pair", "answer").values
    right = (plain[:, 0, :, BOTH_OLD], plain[:, 1, :, BOTH_NEW])
    known = np.concatenate(right, -1)
    variables["known"] = ("source", over_languages(known[..., None])[:, 0])
    variables["n"] = ("source", found["told"].values)
    coords = {"source": found.source.values, "layer": found.layer.values}
    spec = spec_of(study)
    attributes = {
        "into": spec.into,
        "place": spec.place,
        "words": spec.words,
        "shots": spec.shots,
        "interval": "bootstrap, over pairs of words",
    }
    return xr.Dataset(variables, coords, attributes)


def spec_of(study: Study) -> PatchingSpec:
    """The spec with which a study's trial was made."""
    return (study.manifest.trials or {})[NAME].spec_as(PatchingSpec)


@dataclass(frozen=True)
class Masses:
    """Masses (source, layer, pair, answer) where prompts ask in two languages, or in one."""

    other: np.ndarray
    same: np.ndarray

    def summed(self, counts: np.ndarray) -> dict[str, np.ndarray]:
        """All shares (…, source, layer), each pair counted so often: ``counts`` (…, pair)."""
        other = np.einsum("...p,slpa->...sla", counts, np.nan_to_num(self.other))
        same = np.einsum("...p,slpa->...sla", counts, np.nan_to_num(self.same))
        return {**shares(other), "same_content": same_content(same)}

    def once(self) -> dict[str, np.ndarray]:
        """All shares (source, layer) of the pairs as they are."""
        return self.summed(np.ones(self.other.shape[2]))

    def drawn(self) -> dict[str, np.ndarray]:
        """Means over languages (draw, layer) of pairs drawn again and again."""
        pairs = self.other.shape[2]
        rng = np.random.default_rng(0)
        counts = rng.multinomial(pairs, np.full(pairs, 1 / pairs), DRAWS)
        found = {}
        for name, table in self.summed(counts.astype(float)).items():
            found[name] = over_languages(table)
        return found


def masses_of(found: xr.Dataset) -> Masses:
    """The masses of a trial."""
    mass = found["mass"].transpose("patch", "source", "layer", "pair", "answer")
    return Masses(
        mass.sel(patch=OTHER).values.astype(float),
        mass.sel(patch=SAME).values.astype(float),
    )


def spread_of(draws: np.ndarray) -> Interval[np.ndarray]:
    """95 % ends (layer) of drawn curves (draw, layer); NaN where nothing is known."""
    unknown = np.isnan(draws).all(0)
    low, high = np.nanpercentile(np.where(unknown, 0, draws), (2.5, 97.5), axis=0)
    return Interval(np.where(unknown, np.nan, low), np.where(unknown, np.nan, high))


def over_languages(table: np.ndarray) -> np.ndarray:
    """Means (…, layer) over languages (…, source, layer) of what is known."""
    known = np.isfinite(table)
    counts = known.sum(-2)
    total = np.where(known, table, 0).sum(-2)
    return np.where(counts > 0, total / np.maximum(counts, 1), np.nan)


def turning(curve: np.ndarray, layers: np.ndarray) -> float:
    """The layer from which on a curve stays above one half; NaN where it ends below.

    Between two layers it is read off the straight line between them.
    """
    above = curve > HALF
    if not above[-1]:
        return float("nan")
    below = np.flatnonzero(~above)
    if not len(below):
        return float(layers[0])
    last = below[-1]
    rise = (HALF - curve[last]) / (curve[last + 1] - curve[last])
    return float(layers[last] + rise * (layers[last + 1] - layers[last]))


def crossing_layers(study: Study) -> xr.Dataset:
    """At which layer the answer turns to the state's language, and to its word.

    ``layer`` (what): from where on more than half of it is the state's, for ``language``,
    ``content``, and ``later``: by how many layers the content comes later; ``low`` and
    ``high`` (what): 95 % bootstrap over pairs of words, ``turns`` (what) the share of draws
    that turn at all. NaN where it never turns. After Dumas et al. 2025.
    """
    found = study.trial(NAME)
    masses = masses_of(found)
    layers = found.layer.values.astype(float)
    once, draws = masses.once(), masses.drawn()
    where, spread = {}, {}
    for name in ("language", "content"):
        where[name] = turning(over_languages(once[name]), layers)
        spread[name] = np.array([turning(each, layers) for each in draws[name]])
    where["later"] = where["content"] - where["language"]
    spread["later"] = spread["content"] - spread["language"]
    found_layers = {name: columns_of(where[name], spread[name]) for name in spread}
    variables = {}
    for column in ("layer", "low", "high", "turns"):
        values = [each[column] for each in found_layers.values()]
        variables[column] = ("what", values)
    return xr.Dataset(variables, {"what": list(spread)})


def columns_of(layer: float, draws: np.ndarray) -> dict[str, float]:
    """A layer with its ends, and the share of draws that turn at all."""
    known = draws[np.isfinite(draws)]
    ends = turned_between(known, len(draws))
    share = len(known) / len(draws)
    return {"layer": layer, "low": ends.low, "high": ends.high, "turns": share}


def turned_between(known: np.ndarray, of: int) -> Interval[float]:
    """95 % ends of layers; NaN where fewer than half of so many draws turned at all."""
    if len(known) <= HALF * of:
        return Interval(float("nan"), float("nan"))
    low, high = np.percentile(known, (2.5, 97.5))
    return Interval(float(low), float(high))
