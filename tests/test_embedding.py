"""Word vectors from a tiny model: equal to the plain computation, added to studies,
stopped and gone on with.
"""

import numpy as np
import pytest
import torch

from analysis.core.positions import MEAN
from analysis.core.specs import ModelSpec
from analysis.model.extract import Reading, stream
from analysis.model.load import load
from analysis.study import library, store
from analysis.study.word_list import WordList
from analysis.words.embeddings import texts_to_read
from analysis.words.plan import word_spec
from analysis.worker import extraction
from analysis.worker.reader import Collected, ModelReader
from analysis.worker.service import DONE, FAILED, STOPPED
from babelscope import commands
from tests.test_work import contents, run, study_spec
from tests.test_work import corpus as pairs
from tests.tiny import HIDDEN, LAYERS

LLAMA = ModelSpec("llama")
WORDS = WordList(
    "small",
    ("en", "fr"),
    ("dog", "love", "tea pot"),
    (("dog", "love", "tea pot"), ("chien", "amour", "")),
)
EMBEDDED = ("last token", "mean over tokens", "prompt: one word")


def spec(model=LLAMA, words=WORDS, **more):
    """Everything that can be read of the words."""
    return word_spec(model, words, EMBEDDED, **more)


def plain(loaded, text):
    """All states of one text in the library's own way: (token, layer, hidden).

    The last layer is taken after its block.
    """
    kept = []
    handles = [
        block.register_forward_hook(
            lambda m, a, out: kept.append(out[0] if isinstance(out, tuple) else out)
        )
        for block in loaded.blocks
    ]
    with torch.inference_mode():
        loaded.model(torch.tensor([loaded.tokenizer(text)["input_ids"]]))
    for handle in handles:
        handle.remove()
    return torch.stack([states.reshape(-1, HIDDEN) for states in kept], 1).numpy()


@pytest.mark.parametrize("family", ["llama", "gpt2", "bloom"])
@pytest.mark.parametrize("padding", ["right", "left"])
def test_the_mean_over_tokens_is_that_of_the_words_own_tokens(
    tiny_models, family, padding
):
    loaded = load(ModelSpec(family))
    given = ["dog", "a", "tea pot", "é"]
    found = Collected(len(given), LAYERS, HIDDEN)
    stream(loaded, given, [found], Reading(padding=padding, position=MEAN))
    want = [
        plain(loaded, text)[1:].mean(0) for text in given
    ]  # the first token begins the text and is none of its own
    np.testing.assert_allclose(found.values, want, atol=1e-5)


def test_a_job_reads_words_as_the_plain_computation_does(tiny_models):
    job = run(extraction.embed_words(spec(), WORDS, "Small words"))
    assert job.state == DONE, job.error
    study, loaded = library.open_by_name(job.result), load(LLAMA)
    assert (
        study.complete
        and study.embeddings == EMBEDDED
        and study.manifest.words.spec["model"]["revision"] == "local"
    )
    for embedding, pick in zip(
        EMBEDDED, (lambda s: s[-1], lambda s: s[1:].mean(0), lambda s: s[-1])
    ):
        for a, (language, word) in enumerate((("en", "love"), ("fr", "amour"))):
            want = pick(plain(loaded, texts_to_read(embedding, language, [word])[0]))
            for layer in (1, LAYERS):
                found = study.read_words(embedding, layer)
                np.testing.assert_allclose(
                    found[a, 1], want[layer - 1], rtol=2e-3, atol=2e-3
                )
                assert np.isnan(found[1, 2]).all() and np.isfinite(found[0]).all()


def test_a_stopped_job_goes_on_and_ends_with_the_same_bytes(tiny_models, home):
    task = extraction.embed_words(spec(layers=(2,)), WORDS, "Small words")
    whole = run(task)
    first = contents(store.root() / whole.result)
    library.delete(whole.result)
    stopped = run(task, stop_at=4)
    assert (
        stopped.state == STOPPED
        and len(library.open_by_name(whole.result).missing) == 2
    )
    resumed = run(extraction.resume_study(whole.result))
    assert resumed.state == DONE and contents(store.root() / whole.result) == first
    again = run(task)
    assert again.state == FAILED and "already" in again.error


def test_words_go_into_a_study_of_the_same_model_and_both_parts_are_resumed(
    tiny_models, home
):
    stopped = run(
        extraction.extract_study(study_spec(), pairs(), "Judges", {}), stop_at=3
    )
    assert stopped.state == STOPPED
    (name,) = [path.name for path in store.root().iterdir()]
    assert (
        run(extraction.embed_words(spec(), WORDS, "", name), stop_at=2).state == STOPPED
    )
    assert len(library.open_by_name(name).missing) == 5 + 4
    assert run(extraction.resume_study(name)).state == DONE
    study = library.open_by_name(name)
    assert study.complete and study.has("pair_score") and study.words == WORDS
    refused = run(extraction.embed_words(spec(ModelSpec("gpt2")), WORDS, "", name))
    assert refused.state == FAILED and "another model" in refused.error


def test_a_word_that_becomes_no_token_is_named(tiny_models):
    bad = WordList(
        "bad", ("en", "fr"), ("dog", "space"), (("dog", "\t "), ("chien", "x"))
    )
    job = run(extraction.embed_words(spec(words=bad), bad, "Bad"))
    assert (
        job.state == FAILED
        and "en, space: '\\t ' becomes no token" in job.error
        and job.faults
    )
    assert ModelReader(load(LLAMA), "none").hollow(["a", "", "<s>"]) == ["", "<s>"]


def test_the_command_line_embeds_a_file_of_words(tiny_models, home, capsys):
    file = home / "mine.csv"
    file.write_text("concept,en,fr\ndog,dog,chien\nlove,love,amour\n", encoding="utf-8")
    given = ["words", str(file), "--model", "llama", "--title", "From a file"]
    given += ["--embeddings", "last token", "mean over tokens", "--layers", "3"]
    assert commands.main(given) == 0 and "study From-a-file" in capsys.readouterr().out
    (name,) = [path.name for path in store.root().iterdir()]
    study = library.open_by_name(name)
    assert study.words.concepts == ("dog", "love")
    assert study.word_layers == (3,) and study.complete
    assert commands.main(given) == 0 and f"study {name}" in capsys.readouterr().out
