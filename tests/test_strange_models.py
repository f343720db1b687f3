"""Models that are strange: one sentence each, bounded in time, and Stop is heard."""

import json
import shutil
import threading
import time
from pathlib import Path

import pytest
import torch

from analysis.concepts.pairs import ContrastPair
from analysis.core.errors import ModelError, Stopped
from analysis.core.hidden_folders import without_folders
from analysis.core.interruption import heard_by
from analysis.core.specs import ModelSpec
from analysis.model import load as loading
from analysis.model.hub import verify
from analysis.model.load import load, preflight
from analysis.worker.extraction import check_model
from analysis.worker.service import DONE, FAILED, STOPPED, Job, Pool, Service

SPEC = ModelSpec("spoiled")
PAIRS = [ContrastPair("1", "fairness", "en", "Fair.", "Unfair.")]
SOON = 5
"""Seconds, on a busy machine, in which whatever is refused at once is refused."""


@pytest.fixture
def llama(home, tiny_folder) -> Path:
    """A copy of the tiny Llama to be spoiled."""
    return Path(shutil.copytree(tiny_folder / "llama", home / "models" / "spoiled"))


def edit(path: Path, name: str = "config.json", **changes: object) -> None:
    """Change a JSON file of a model."""
    known = json.loads((path / name).read_text()) | changes
    (path / name).write_text(json.dumps(known))


def refusal(look=preflight) -> str:
    """The sentence with which a model is refused, soon."""
    begun = time.monotonic()
    with pytest.raises(ModelError) as error:
        look(SPEC)
    assert time.monotonic() - begun < SOON
    return str(error.value)


SHAPES = {
    "zero layers": ({"num_hidden_layers": 0}, "says num_hidden_layers: 0; it takes a"),
    "fewer than none": ({"num_hidden_layers": -4}, "says num_hidden_layers: -4; it"),
    "zero heads": ({"num_attention_heads": 0}, "num_attention_heads"),
    "zero key heads": ({"num_key_value_heads": 0}, "num_key_value_heads"),
    "no width": ({"hidden_size": 0}, "says hidden_size: 0; it takes a"),
    "no tokens": ({"vocab_size": 0}, "says vocab_size: 0; it takes a"),
    "20,000 layers": (
        {"num_hidden_layers": 20_000},
        "says num_hidden_layers: 20000; the most is 2,000.",
    ),
    "endless layers": ({"num_hidden_layers": 10**12}, "the most is 2,000."),
    "half a layer": ({"num_hidden_layers": 2.5}, "num_hidden_layers"),
    "endless labels": ({"num_labels": 10**9}, "says num_labels: 1e+09; the most is"),
    "endless vocabulary": ({"vocab_size": 10**30}, "says vocab_size: 1e+30; the most"),
    "nested": (
        {"text_config": {"n_layer": 10**6}},
        "says n_layer: 1e+06; the most is 2,000.",
    ),
}


@pytest.mark.parametrize("case", SHAPES)
def test_a_shape_that_no_model_has_is_refused_in_a_sentence(llama, case):
    changes, sentence = SHAPES[case]
    edit(llama, **changes)
    for look in (preflight, load):
        said = refusal(look)
        assert said.startswith("The configuration of spoiled")
        assert sentence in said


@pytest.mark.parametrize(
    "names", ["LlamaForCausalLM", {"a": 1}, [1, 2], [["LlamaForCausalLM"]], 5]
)
def test_architectures_that_are_no_list_of_names_are_refused(llama, names):
    edit(llama, architectures=names)
    said = refusal()
    assert said.startswith("The configuration of spoiled says architectures: ")
    assert "it takes a list of names" in said


def test_a_configuration_of_many_megabytes_is_not_read(llama):
    edit(llama, note="x" * (17 * 2**20))
    assert "config.json has 17," in refusal()


def test_a_model_of_too_many_parts_is_given_up(llama, monkeypatch):
    monkeypatch.setattr(loading, "MOST_PARTS", 20)
    said = refusal()
    assert "describes more than 20 parts; no language model has so many" in said
    monkeypatch.undo()


def test_stop_is_heard_while_a_model_is_sized(llama):
    edit(llama, num_hidden_layers=2000)
    asked = threading.Event()

    def check() -> None:
        if asked.is_set():
            raise Stopped("Stopped.")

    threading.Timer(0.5, asked.set).start()
    begun = time.monotonic()
    with pytest.raises(Stopped):
        preflight(SPEC, check)
    assert time.monotonic() - begun < 0.5 + 1


def test_stop_of_a_job_is_heard_while_a_model_is_looked_at(llama):
    edit(llama, num_hidden_layers=2000)
    service = Service()
    job = service.submit("me", "look", check_model(SPEC, "none", PAIRS))
    while not job.started:
        time.sleep(0.01)
    time.sleep(0.3)
    service.stop(job)
    assert job.finished.wait(5)
    assert job.state == STOPPED


def refuse_to_go_on() -> None:
    """What a job's check does after Stop."""
    raise Stopped("Stopped.")


def test_stop_is_heard_while_weights_are_loaded(llama):
    source = loading.locate("spoiled")
    config = loading.read_config(source)
    with pytest.raises(Stopped), heard_by(refuse_to_go_on):
        loading.load_weights(SPEC, source, config)
    assert load(SPEC).blocks


def test_stop_is_heard_while_files_are_verified(hub, tiny_folder):
    hub.publish("org/name", tiny_folder / "llama")
    source = loading.locate("org/name")
    blob = (source.folder / "model.safetensors").resolve()
    blob.with_suffix(".verified").unlink()
    with pytest.raises(Stopped), heard_by(refuse_to_go_on):
        verify(source.folder, source.name)
    assert blob.exists()


def test_the_size_that_is_told_has_not_changed_by_being_watched(tiny_models):
    seen = preflight(ModelSpec("llama"))
    model = load(ModelSpec("llama")).model
    assert seen.parameters == sum(one.numel() for one in model.parameters())


def add_adapter(folder: Path) -> None:
    """Put an adapter beside whatever is in a folder."""
    said = {"peft_type": "LORA", "base_model_name_or_path": "/srv/private/base"}
    (folder / "adapter_config.json").write_text(json.dumps(said))
    (folder / "adapter_model.safetensors").write_bytes(b"no weights")


def test_an_adapter_beside_whole_weights_is_told_to_every_job(llama):
    add_adapter(llama)
    sentence = (
        "An adapter lies beside the weights of spoiled (adapter_config.json); the "
        "weights are used without it."
    )
    job = Job(1, "me", "", lambda job, pool: None)
    assert Pool().get(SPEC, job).blocks
    assert [one.startswith(sentence) for one in job.notices] == [True]
    looked = Job(2, "me", "", lambda job, pool: None)
    check_model(SPEC, "none", PAIRS)(looked, Pool())
    assert [one.startswith(sentence) for one in looked.notices] == [True]


def test_an_adapter_that_the_library_applied_by_itself_is_refused(llama, monkeypatch):
    add_adapter(llama)
    monkeypatch.setattr(torch.nn.Module, "_hf_peft_config_loaded", True, raising=False)
    assert refusal(load).startswith("spoiled has an adapter beside its weights, and")


def test_an_adapter_alone_is_named_with_its_base(llama):
    add_adapter(llama)
    (llama / "model.safetensors").unlink()
    assert refusal(load).startswith("spoiled has no weights")


def test_a_folder_of_an_adapter_without_a_model_says_what_it_is(hub):
    said = {"peft_type": "LORA", "base_model_name_or_path": "org/no-base"}
    hub.publish(
        "org/adapter",
        {
            "adapter_config.json": json.dumps(said).encode(),
            "adapter_model.safetensors": b"no weights",
        },
    )
    with pytest.raises(ModelError, match="is an adapter of org/no-base, which cannot"):
        preflight(ModelSpec("org/adapter"))


def test_sentences_about_models_name_no_folder_of_the_server(llama, home):
    sentences = []
    (llama / "model.safetensors").rename(llama / "model-00001-of-00002.safetensors")
    weights = {"a": "model-00002-of-00002.safetensors"}
    index = {"metadata": {}, "weight_map": weights}
    (llama / "model.safetensors.index.json").write_text(json.dumps(index))
    sentences.append(refusal(load))
    (llama / "tokenizer.json").write_text("{")
    with pytest.raises(ModelError) as error:
        loading.load_tokenizer(loading.locate("spoiled"))
    sentences.append(str(error.value))
    edit(llama, model_type="nothing")
    sentences.append(refusal())
    with pytest.raises(ModelError) as error:
        preflight(ModelSpec("nowhere"))
    sentences.append(str(error.value))
    for sentence in sentences:
        assert str(home) not in sentence
        assert str(home.parent) not in sentence


def test_a_fault_of_the_program_names_no_folder_of_the_server(home):
    def broken(job, pool):
        raise FileNotFoundError(2, "No such file", f"{home}/studies/x/manifest.json")

    service = Service()
    job = service.submit("me", "look", broken)
    assert job.finished.wait(20)
    assert job.state == FAILED
    assert str(home) not in job.error
    assert "manifest.json" in job.error


@pytest.mark.parametrize(
    "said, shown",
    [
        ("no file /srv/models/x/config.json here", "no file config.json here"),
        ("'/srv/my models/x/a b.json' is cut", "'a b.json' is cut"),
        (r"C:\Users\me\models\x.json is cut", "x.json is cut"),
        ("~/models/x is gone", "x is gone"),
        ("see https://hf.co/org/name/x.json", "see https://hf.co/org/name/x.json"),
        ("org/name and and/or", "org/name and and/or"),
        ("ends in </think> and [/INST]", "ends in </think> and [/INST]"),
    ],
)
def test_of_a_path_only_the_last_name_is_kept(said, shown):
    assert without_folders(said) == shown


def test_a_good_model_is_looked_at_as_before(llama):
    service = Service()
    job = service.submit("me", "look", check_model(SPEC, "none", PAIRS))
    assert job.finished.wait(20)
    assert job.state == DONE
    assert job.notices == []
