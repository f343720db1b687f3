"""The prompt is kept with what was read in it; what goes on, goes on in the same one."""

import json

import pytest

import babelscope as bs
from analysis.core.chat_prompts import DATE, folder_has_chat
from analysis.core.errors import StudyError
from analysis.core.specs import ModelSpec
from analysis.study import library, store
from analysis.worker import extraction
from analysis.worker.inline import run_inline
from analysis.worker.prompts import has_chat, suggested_template
from analysis.worker.service import Pool
from babelscope.inputs import template_of
from components.paperpack import methods, provenance
from tests.chat_models import CHAT_MODELS, chat_tokenizer
from tests.test_work import corpus, study_spec
from tests.tiny import build

NAMES = {
    "qwen3": "Qwen 3",
    "dated": "Llama 3.2, with a date",
    "ending": "Mistral, ending every text",
    "plain": "Llama 3",
    "glm": "GLM-4",
}


@pytest.fixture
def chats(home, tmp_path, monkeypatch):
    """Folders of tiny chat models."""
    for folder, name in NAMES.items():
        place = tmp_path / "models" / folder
        build(max_position_embeddings=512, vocab_size=300).save_pretrained(place)
        chat_tokenizer(name).save_pretrained(place)
    monkeypatch.setenv("BABELSCOPE_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


class Stop(Exception):
    """What stops a job in a test."""


def begun(model, template="chat"):
    """A study of which one cell is there."""
    spec = study_spec(ModelSpec(model), template=template)

    def stop(done, total, doing):
        if total and done == 1:
            raise Stop

    task = extraction.extract_study(spec, corpus(), model, {})
    with pytest.raises(Stop):
        run_inline(task, stop, pool=Pool())
    (folder,) = [path for path in store.root().iterdir() if path.name.startswith(model)]
    return folder


def go_on(folder):
    """The same, finished."""
    run_inline(extraction.resume_study(folder.name), pool=Pool())
    return library.open_by_name(folder.name)


@pytest.mark.parametrize(
    ("model", "date", "thinking"),
    [("qwen3", "", "off"), ("dated", DATE.isoformat(), ""), ("plain", "", "")],
)
def test_a_study_keeps_its_prompt_and_goes_on_with_it(chats, model, date, thinking):
    folder = begun(model)
    kept = store.read_manifest(folder).prompt
    assert kept.date == date and kept.thinking.startswith(thinking)
    assert "{text}" in kept.written and bool(kept.thinking) == bool(thinking)
    assert go_on(folder).complete
    assert store.read_manifest(folder).prompt == kept
    template = chats / model / "chat_template.jinja"
    template.write_text(template.read_text().replace("{{ m.content", "Hm {{ m.content"))
    other = begun_again_under_another_template(folder)
    with pytest.raises(StudyError, match="was begun with the prompt"):
        go_on(other)


def begun_again_under_another_template(folder):
    """The study with a cell taken away."""
    path = folder / store.MANIFEST
    known = json.loads(path.read_text())
    del known["files"][next(iter(known["files"]))]
    path.write_text(json.dumps(known))
    return folder


@pytest.mark.parametrize(
    ("model", "template", "goes_on"),
    [
        ("qwen3", "chat", False),
        ("dated", "chat", False),
        ("glm", "chat", False),
        ("ending", "none", False),
        ("plain", "chat", True),
        ("qwen3", "none", True),
    ],
)
def test_what_an_earlier_version_began_is_not_mixed(chats, model, template, goes_on):
    folder = begun(model, template)
    path = folder / store.MANIFEST
    known = json.loads(path.read_text())
    del known["prompt"]
    path.write_text(json.dumps(known))
    if goes_on:
        assert go_on(folder).complete
        return
    with pytest.raises(StudyError, match="begun by an earlier version"):
        go_on(folder)
    assert library.open_by_name(folder.name).title == model


def test_questions_sweeps_and_control_runs_keep_theirs(home):
    asked = bs.ask("demo", languages=["en", "fr"], most=2)
    swept = bs.sweep(asked, layers=[4], strengths=[1.0], most=2)
    for part in (swept.manifest.questions, swept.manifest.plane):
        assert part.prompt.written == "<s><|user|>{text}<|assistant|>"
    few = {"strengths": [1.0], "layer_sets": 1, "search_prompts": 1}
    made = bs.control(
        "demo", "fairness", languages=["en"], tokens=1, reported_prompts=1, **few
    )
    assert made.run.manifest.prompt == swept.manifest.plane.prompt
    assert bs.resume_control(made.name).name == made.name


def test_a_chat_model_gets_its_own_template_by_default(chats):
    for name in NAMES:
        assert folder_has_chat(chats / name) and has_chat(ModelSpec(name))
        assert suggested_template(ModelSpec(name)) == "chat"
        assert template_of(ModelSpec(name)) == "chat"
    assert suggested_template(ModelSpec("demo"), demo="none") == "none"
    assert suggested_template(ModelSpec("demo")) == template_of(ModelSpec("demo"))
    bare = chats / "bare"
    build().save_pretrained(bare)
    tokenizer = chat_tokenizer("Llama 3")
    tokenizer.chat_template = None
    tokenizer.save_pretrained(bare)
    assert template_of(ModelSpec("bare")) == "none"
    assert has_chat(ModelSpec("bare")) is False
    settings = bare / "tokenizer_config.json"
    known = json.loads(settings.read_text())
    settings.write_text(json.dumps(known | {"chat_template": "{{ messages }}"}))
    assert has_chat(ModelSpec("bare")), "older files keep it among the settings"
    settings.write_text("[[[")
    assert has_chat(ModelSpec("bare")) is False
    assert has_chat(ModelSpec("owner/never-here")) is None
    assert suggested_template(ModelSpec("owner/never-here")) == "none"


def test_extraction_reads_a_chat_model_in_its_own_template(chats, capsys):
    one = ["fairness"]
    study = bs.extract("plain", corpus(), concepts=one, title="a")
    assert study.manifest.spec["template"] == "chat"
    assert "chat model" not in capsys.readouterr().err
    bare = bs.extract("plain", corpus(), concepts=one, title="b", template="none")
    assert bare.manifest.spec["template"] == "none"
    assert "is a chat model" in capsys.readouterr().err
    bs.extract("qwen3", corpus(), concepts=one, title="c", template="chat, thinking")
    assert "beginning of a thought" in capsys.readouterr().err
    assert CHAT_MODELS["Llama 3"].begin in study.manifest.prompt.written


def test_a_methods_section_tells_the_date_and_thinking(chats):
    for model, said in (
        ("dated", "it was always told 2024-07-26."),
        ("qwen3", "Thinking was off, by the template's switch."),
    ):
        study = library.open_by_name(begun(model).name)
        assert said in " ".join(methods.about(provenance.facts(study)))
    plain = provenance.facts(library.open_by_name(begun("plain").name))
    text = " ".join(methods.about(plain))
    assert "Thinking" not in text and "always told" not in text
