"""Patching and the latent language: planted layers are found, noise finds none, and a tiny
model does what a plain hook does.
"""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.numpy import save

from analysis.core.errors import ModelError, SpecError
from analysis.core.model_kinds import DECODER
from analysis.core.specs import ModelSpec
from analysis.crossing import latent, patching, tuned_lens, word_prompts
from analysis.crossing.patching import OTHER
from analysis.crossing.specs import WORD_END, LatentSpec, PatchingSpec
from analysis.crossing.word_prompts import Way
from analysis.model.extract import encoded_texts
from analysis.model.load import load
from analysis.model.patching import (
    Patch,
    check_patchable,
    patched_shares,
    plain_shares,
)
from analysis.worker.latent_language import LatentReader
from analysis.worker.patching import Patcher
from tests.planted_trials import study_of, with_trial
from tests.test_embedding import plain

MODEL = ModelSpec("planted/model")
LANGUAGES = ("en", "fr", "sw", "hi")
LAYERS, LANGUAGE_AT, CONTENT_AT = 10, 4, 7


def rising(at: float) -> np.ndarray:
    """Shares (layer) that pass one half between a layer and the next."""
    return 1 / (1 + np.exp(-4 * (np.arange(1, LAYERS + 1) - at - 0.5)))


def planted_cell(rng: np.random.Generator, pairs: int, language: float, content: float):
    """Masses of a language whose answers turn at these layers."""
    weights = rng.random(pairs)[:, None]
    turned = rising(language)[None]
    known = rising(content)[None]
    four = (
        turned * known,
        turned * (1 - known),
        (1 - turned) * known,
        (1 - turned) * (1 - known),
        0.02 * np.ones_like(turned),
        0.02 * np.ones_like(turned),
    )
    other = np.stack([weights * each for each in four], -1).swapaxes(0, 1)
    same = other.copy()
    same[..., 2] = (weights * known).T
    same[..., 3] = (weights * (1 - known)).T
    mass = np.stack([other, same]) * rng.uniform(0.5, 1.5, (2, LAYERS, pairs, 6))
    plain_mass = np.full((2, pairs, 6), 0.5)
    return {
        "mass": mass.astype(np.float32),
        "plain": plain_mass.astype(np.float32),
        "told": np.array(pairs, np.int32),
    }


def planted_patching(language: float, content: float, seed: int = 0):
    """A study whose answers turn at these layers."""
    study = study_of(LANGUAGES, LAYERS)
    spec = PatchingSpec(MODEL, pairs=10)
    part = patching.begin(study, spec)
    rng = np.random.default_rng(seed)

    def measure(cell):
        return planted_cell(rng, 10, language, content)

    return with_trial(study, patching.NAME, part, measure)


def test_the_layers_at_which_language_and_content_turn_are_found():
    study = planted_patching(LANGUAGE_AT, CONTENT_AT)
    found = patching.crossing_layers(study)
    where = dict(zip(found.what.values, found["layer"].values))
    assert where["language"] == pytest.approx(LANGUAGE_AT + 0.5, abs=0.3)
    assert where["content"] == pytest.approx(CONTENT_AT + 0.5, abs=0.3)
    assert found["low"].sel(what="later") > 2
    curves = patching.patched(study)
    np.testing.assert_allclose(
        curves["language_mean"].values, rising(LANGUAGE_AT), atol=0.1
    )
    np.testing.assert_allclose(
        curves["same_content_mean"].values, rising(CONTENT_AT), atol=0.1
    )
    assert (curves["unrelated"] < 0.1).all()
    assert (curves["language_low"] <= curves["language_mean"] + 1e-6).all()


def test_noise_puts_neither_before_the_other(monkeypatch):
    monkeypatch.setattr(patching, "DRAWS", 100)
    wrong = 0
    for seed in range(30):
        study = planted_patching(5.0, 5.0, seed)
        later = patching.crossing_layers(study).sel(what="later")
        wrong += bool(later["low"] > 0) or bool(later["high"] < 0)
    assert wrong <= 3


def test_what_never_turns_has_no_layer():
    layers = np.arange(1, 5.0)
    assert np.isnan(patching.turning(np.array([0.9, 0.6, 0.3, 0.2]), layers))
    assert patching.turning(np.array([0.0, 0.4, 0.6, 0.9]), layers) == 2.5
    assert patching.turning(np.array([0.6, 0.7, 0.8, 0.9]), layers) == 1


def test_prompts_ask_for_a_word_after_examples():
    words = word_prompts.list_of(word_prompts.DEMO)
    asked = word_prompts.prompt(words, Way("fr", "es", (0, 1)), 2)
    given, wanted = words.words("fr"), words.words("es")
    lines = asked.text.split("\n")
    assert (
        lines[0] == f'Français: "{given[0]}" - Español: "{wanted[0]}"'
        or len(lines) == 3
    )
    assert asked.text.endswith(': "') and asked.text[: asked.end].endswith(given[2])
    assert word_prompts.inputs(words, ("fr", "en"), 2)[0] not in ("fr", "en")
    with pytest.raises(SpecError, match="list of words"):
        word_prompts.list_of("Babelscop words")


@pytest.mark.parametrize("family", ["llama", "gpt2", "bloom"])
@pytest.mark.parametrize("onward", [False, True])
def test_a_patch_is_what_a_plain_hook_does(tiny_models, family, onward):
    loaded = load(ModelSpec(family))
    asked, other = encoded_texts(loaded, ["tea is hot", "dogs run fast"])
    place = 4
    states = plain(loaded, "dogs run fast")
    given = states_at(loaded, other, place)
    found = patched_shares(loaded, Patch(asked, place, onward), given[None])[0]
    for layer in range(1, len(loaded.blocks) + 1):
        wanted = by_hooks(loaded, asked, place, given, layer, onward)
        np.testing.assert_allclose(found[layer - 1], wanted, atol=1e-5)
    assert len(states) == len(other)


def test_all_of_the_last_layer_makes_the_other_prompts_answer(tiny_models):
    loaded = load(ModelSpec("llama"))
    asked, other = encoded_texts(loaded, ["tea is hot", "dogs run"])
    given = states_at(loaded, other, len(other) - 1)
    found = patched_shares(loaded, Patch(asked, len(asked) - 1), given[None])[0]
    np.testing.assert_allclose(found[-1], plain_shares(loaded, other), atol=1e-5)
    own = states_at(loaded, asked, len(asked) - 1)
    same = patched_shares(loaded, Patch(asked, len(asked) - 1), own[None])[0]
    for row in same:
        np.testing.assert_allclose(row, plain_shares(loaded, asked), atol=1e-5)


def states_at(loaded, ids: list[int], place: int) -> np.ndarray:
    """States (layer, hidden) of a token after every block."""
    kept = []
    hooks = []
    for block in loaded.blocks:

        def keep(module, given, output):
            states = output[0] if isinstance(output, tuple) else output
            kept.append(states[0, place].detach().numpy().copy())

        hooks.append(block.register_forward_hook(keep))
    with torch.inference_mode():
        loaded.model(input_ids=torch.tensor([ids]))
    for hook in hooks:
        hook.remove()
    return np.stack(kept)


def by_hooks(loaded, ids, place, given, first, onward):
    """The same with plain hooks and no cache."""
    hooks = []
    for layer, block in enumerate(loaded.blocks, 1):
        if layer != first and not (onward and layer > first):
            continue

        def put(module, arguments, output, layer=layer):
            states = output[0] if isinstance(output, tuple) else output
            states = states.clone()
            states[0, place] = torch.tensor(given[layer - 1])
            return (states, *output[1:]) if isinstance(output, tuple) else states

        hooks.append(block.register_forward_hook(put))
    with torch.inference_mode():
        said = loaded.model(input_ids=torch.tensor([ids])).logits[0, -1].softmax(-1)
    for hook in hooks:
        hook.remove()
    return said


def test_a_cell_of_patching_has_what_it_declares(tiny_models):
    loaded = load(ModelSpec("llama"))
    study = study_of(("en", "fr", "es"), len(loaded.blocks))
    spec = PatchingSpec(
        ModelSpec("llama"), ("fr",), pairs=2, shots=1, words=word_prompts.DEMO
    )
    for place in (spec.place, WORD_END):
        part = patching.begin(study, replace(spec, place=place))
        chosen = part.spec_as(PatchingSpec)
        words = word_prompts.list_of(chosen.words)
        found = Patcher(loaded, chosen, words, lambda: None).cell("fr")
        assert {name: each.shape for name, each in found.items()} == {
            name: part.shape(name) for name in part.arrays
        }
        told = int(found["told"])
        assert told and np.isfinite(found["mass"][:, :, :told]).all()
    cell = Patcher(loaded, spec, words, lambda: None).cell("fr")
    last = cell["mass"][patching.PATCHES.index(OTHER), -1]
    np.testing.assert_allclose(last, cell["plain"][1], atol=1e-5)


def planted_latent(lead: float, seed: int = 0):
    """A study whose middle layers lean to English by so much."""
    study = study_of(LANGUAGES, LAYERS)
    part = latent.begin(study, LatentSpec(MODEL, most=20))
    rng = np.random.default_rng(seed)
    middle = np.exp(-((np.arange(LAYERS) - 5) ** 2) / 4)

    def measure(cell):
        noise = rng.normal(0, 0.05, (4, LAYERS, 20))
        noise[1] += lead * middle[:, None]
        noise[0, -2:] += 0.5
        return {
            "share": (noise + 0.1).astype(np.float32),
            "entropy": np.ones((LAYERS, 20), np.float32),
            "told": np.array(20, np.int32),
        }

    return with_trial(study, latent.NAME, part, measure)


def test_english_in_the_middle_is_found_where_it_is_and_nowhere_else():
    found = latent.latent_language(planted_latent(0.4))
    led = latent.led_by_english(found)
    assert led.sel(layer=6).all() and not led.sel(layer=[1, 9, 10]).any()
    assert (found["share"].sel(side="own", layer=10) > 0.5).all()
    wrong, cells = 0, 0
    for seed in range(30):
        led = latent.led_by_english(latent.latent_language(planted_latent(0.0, seed)))
        wrong += int(led.values.sum())
        cells += led.size
    assert wrong / cells < 0.03


def test_the_lens_is_read_at_every_layer(tiny_models, home):
    loaded = load(ModelSpec("llama"))
    hidden, layers = loaded.hidden, len(loaded.blocks)
    study = study_of(("en", "fr", "es"), layers)
    spec = LatentSpec(
        ModelSpec("llama"), ("fr",), most=3, shots=1, words=word_prompts.DEMO
    )
    part = latent.begin(study, spec)
    reader = LatentReader(loaded, part.spec_as(LatentSpec), 3, lambda: None)
    found = reader.cell("fr")
    told = int(found["told"])
    assert told and (found["share"][..., :told] >= 0).all()
    assert (found["share"][:3, :, :told].sum(0) <= 1 + 1e-5).all()
    same = {f"{layer}.weight": np.zeros((hidden, hidden)) for layer in range(layers)}
    same |= {f"{layer}.bias": np.zeros(hidden) for layer in range(layers)}
    name = tuned_lens.keep("none.safetensors", save(same))
    reader.tuned = tuned_lens.find(name)
    np.testing.assert_allclose(reader.cell("fr")["share"], found["share"], atol=1e-6)
    same["1.bias"] = np.ones(hidden)
    reader.tuned = tuned_lens.find(tuned_lens.keep("other", save(same)))
    changed = reader.cell("fr")["share"]
    assert not np.allclose(changed[:, 0, :told], found["share"][:, 0, :told])
    np.testing.assert_allclose(changed[:, 1:], found["share"][:, 1:], atol=1e-6)


def test_a_lens_that_does_not_fit_is_told(home):
    with pytest.raises(SpecError, match="no safetensors file"):
        tuned_lens.keep("text", b"nothing")
    with pytest.raises(SpecError, match="no part of a tuned lens"):
        tuned_lens.keep("odd", save({"unembed.weight": np.zeros((2, 2))}))
    with pytest.raises(SpecError, match="has both"):
        tuned_lens.keep("half", save({"0.weight": np.zeros((2, 2))}))
    lens = {"1.weight": np.zeros((2, 2)), "1.bias": np.zeros(2)}
    name = tuned_lens.keep("small", save(lens))
    with pytest.raises(SpecError, match="states of 2 numbers"):
        tuned_lens.check_fits(tuned_lens.find(name), 2, 16)
    with pytest.raises(SpecError, match="no layer 2"):
        tuned_lens.check_fits(tuned_lens.find(name), 3, 2)
    with pytest.raises(SpecError, match="no tuned lens"):
        tuned_lens.find("absent")


def test_specs_that_do_not_fit_are_told():
    study = study_of(LANGUAGES, LAYERS)
    for given, said in (
        (PatchingSpec(MODEL, ("en",)), "another language"),
        (PatchingSpec(MODEL, ("xx",)), "language of the words"),
        (PatchingSpec(MODEL, shots=600), "are needed"),
    ):
        with pytest.raises(SpecError, match=said):
            patching.begin(study, given)
    with pytest.raises(SpecError, match="place of the patch"):
        PatchingSpec(MODEL, place="everywhere")
    with pytest.raises(SpecError, match="2 pairs"):
        PatchingSpec(MODEL, pairs=1)
    with pytest.raises(SpecError, match="than English"):
        latent.begin(study, LatentSpec(MODEL, ("en",)))
    with pytest.raises(SpecError, match="2 and more"):
        LatentSpec(MODEL, most=1)


def test_a_model_of_two_stacks_is_told():
    two = SimpleNamespace(kind=DECODER, in_two_stacks=True, spec=MODEL)
    with pytest.raises(ModelError, match="reads prompts in its encoder"):
        check_patchable(two)  # pyright: ignore[reportArgumentType]
