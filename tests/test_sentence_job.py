"""Parallel sentences read by a tiny model: equal to the plain computation, added to
studies, stopped and gone on with, looked at before.
"""

import numpy as np
import pytest

import babelscope as bs
from analysis.core.errors import SpecError
from analysis.core.positions import WEIGHTED
from analysis.core.specs import ModelSpec
from analysis.model.extract import Reading, stream
from analysis.model.load import load
from analysis.sentences import plan, shelf
from analysis.sentences.parallel import ParallelText
from analysis.sentences.plan import sentence_spec
from analysis.sentences.readings import READINGS
from analysis.study import library, store
from analysis.worker import extraction
from analysis.worker.reader import Collected
from analysis.worker.sentences import check_sentences, read_sentences
from analysis.worker.service import DONE, FAILED, STOPPED
from babelscope import commands
from tests.test_embedding import plain
from tests.test_work import contents, corpus, run, study_spec
from tests.tiny import HIDDEN, LAYERS

LLAMA = ModelSpec("llama")
TEXT = ParallelText(
    "small",
    ("en", "fr"),
    ("a", "b", "c"),
    (("A dog runs.", "Love.", "Tea, please."), ("Un chien court.", "Amour.", "")),
)
PICKS = {
    "mean over tokens": lambda states: states[1:].mean(0),
    "weighted mean": lambda states: np.average(
        states[1:], axis=0, weights=range(1, len(states))
    ),
    "last token": lambda states: states[-1],
}


def spec(model=LLAMA, text=TEXT, readings=tuple(READINGS), **more):
    """Everything that can be read of the sentences."""
    return sentence_spec(model, text, readings, **more)


@pytest.mark.parametrize("family", ["llama", "gpt2", "bloom"])
@pytest.mark.parametrize("padding", ["right", "left"])
def test_a_weighted_mean_counts_the_nth_token_n_times(tiny_models, family, padding):
    loaded = load(ModelSpec(family))
    given = ["dog", "a", "tea pot", "é"]
    found = Collected(len(given), LAYERS, HIDDEN)
    stream(loaded, given, [found], Reading(padding=padding, position=WEIGHTED))
    want = [PICKS["weighted mean"](plain(loaded, text)) for text in given]
    np.testing.assert_allclose(found.values, want, atol=1e-5)


def test_a_job_reads_sentences_as_the_plain_computation_does(tiny_models):
    job = run(read_sentences(spec(), TEXT, "Small"))
    assert job.state == DONE, job.error
    study, loaded = library.open_by_name(job.result), load(LLAMA)
    assert study.complete and study.sentences.readings == tuple(READINGS)
    for reading, pick in PICKS.items():
        for language, text in (("en", "Love."), ("fr", "Amour.")):
            want = pick(plain(loaded, text))
            for layer in (1, LAYERS):
                found = study.read_sentences(reading, language, layer)
                np.testing.assert_allclose(
                    found[1], want[layer - 1], rtol=2e-3, atol=2e-3
                )
                assert np.isfinite(found[:2]).all()
                assert np.isnan(found[2]).all() == (language == "fr")


@pytest.mark.parametrize("reading", READINGS)
def test_a_language_s_mean_is_over_all_its_tokens(tiny_models, reading):
    job = run(read_sentences(spec(readings=(reading,)), TEXT, "Means"))
    study, loaded = library.open_by_name(job.result), load(LLAMA)
    every = np.concatenate([plain(loaded, text)[1:] for text in TEXT.readable("fr")])
    found = study.array("sentence_mean").sel(language="fr").values
    np.testing.assert_allclose(found, every.mean(0), atol=1e-5)
    assert study.array("sentence_norm").sel(language="fr").values.shape == (LAYERS,)


def test_a_stopped_job_goes_on_and_ends_with_the_same_bytes(tiny_models, home):
    task = read_sentences(spec(layers=(2,)), TEXT, "Small")
    whole = run(task)
    first = contents(store.root() / whole.result)
    library.delete(whole.result)
    stopped = run(task, stop_at=3)
    assert stopped.state == STOPPED
    assert library.open_by_name(whole.result).missing == (
        "sentences weighted mean fr",
        "sentences last token en",
        "sentences last token fr",
    )
    resumed = run(extraction.resume_study(whole.result))
    assert resumed.state == DONE, resumed.error
    assert contents(store.root() / whole.result) == first
    again = run(task)
    assert again.state == FAILED and "already" in again.error


def test_who_goes_on_without_the_text_is_told_what_to_do(tiny_models, home):
    stopped = run(read_sentences(spec(), TEXT, "Small"), stop_at=1)
    assert stopped.state == STOPPED
    (name,) = [path.name for path in store.root().iterdir()]
    for kept in shelf.SHELF.names():
        shelf.SHELF.delete(kept)
    gone = run(extraction.resume_study(name))
    assert (
        gone.state == FAILED and "Give the same file and languages again" in gone.error
    )


def test_sentences_go_into_a_study_of_pairs_and_both_are_gone_on_with(
    tiny_models, home
):
    task = extraction.extract_study(study_spec(), corpus(), "Judges", {})
    assert run(task, stop_at=3).state == STOPPED
    (name,) = [path.name for path in store.root().iterdir()]
    assert run(read_sentences(spec(), TEXT, "", name), stop_at=2).state == STOPPED
    assert len(library.open_by_name(name).missing) == 5 + 4
    assert run(extraction.resume_study(name)).state == DONE
    study = library.open_by_name(name)
    assert study.complete and study.has("pair_score") and study.has("sentence_mean")
    assert study.dataset["sentence_state"].sizes["sentence"] == 3
    other = run(read_sentences(spec(ModelSpec("gpt2")), TEXT, "", name))
    assert other.state == FAILED and "another model" in other.error
    fewer = TEXT.within(("en", "fr"), most=2)
    refused = run(read_sentences(spec(text=fewer), fewer, "", name))
    assert refused.state == FAILED and "other sentences" in refused.error


def test_a_sentence_that_becomes_no_token_is_named(tiny_models):
    bad = ParallelText("bad", ("en", "fr"), ("1", "2"), (("x", "<s>"), ("y", "z")))
    job = run(read_sentences(spec(text=bad), bad, "Bad"))
    assert job.state == FAILED
    assert "en, 2: '<s>' becomes no token" in job.error and job.faults


def test_states_that_are_too_many_at_once_are_refused_before_any_is_read():
    size = plan.states_bytes(2_000, 80, 8_192)
    with pytest.raises(SpecError, match="at most 1 GiB are held at once. Keep fewer"):
        plan.check_size(size, range(80))
    plan.check_size(plan.states_bytes(1_004, 32, 4_096), range(32))


def test_a_look_tells_tokens_and_disk_before_a_weight_is_loaded(tiny_models, home):
    job = run(check_sentences(spec(layers=(2,)), TEXT))
    assert job.state == DONE, job.error
    seen = job.result
    letters = sum(len(text) + 1 for text in TEXT.readable("en"))
    assert seen.tokens["en"] == letters and seen.fits and seen.seconds > 0
    made = run(read_sentences(spec(layers=(2,)), TEXT, "Small")).result
    files = (store.root() / made).glob("*.safetensors")
    on_disk = sum(path.stat().st_size for path in files)
    assert seen.on_disk <= on_disk <= seen.on_disk + 6 * 400  # six headers


def test_the_command_reads_a_folder_of_files_per_language(tiny_models, home, capsys):
    folder = home / "flores"
    folder.mkdir()
    (folder / "eng_Latn.dev").write_text(
        "One dog.\nTwo cats.\nThree.\nFour.\n", "utf-8"
    )
    (folder / "fra_Latn.dev").write_text("Un chien.\n\nTrois.\nQuatre.\n", "utf-8")
    given = ["sentences", str(folder), "--model", "llama", "--title", "Folder"]
    given += ["--most", "2", "--layers", "3", "--readings", "last token"]
    assert commands.main(given) == 0, capsys.readouterr().err
    assert "study Folder" in capsys.readouterr().out
    (name,) = [path.name for path in store.root().iterdir()]
    study = bs.open(name)
    assert study.sentences.ids == ("1", "3") and study.sentences.layers == (3,)
    assert commands.main(given) == 0 and f"study {name}" in capsys.readouterr().out
    assert len(shelf.SHELF.names()) == 1
    again = ["sentences", shelf.SHELF.names()[0], *given[2:]]
    assert commands.main(again) == 0
