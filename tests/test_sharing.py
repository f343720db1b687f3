"""Hub folders: what is sent tells all, what is fetched is whole, and nothing else is read."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load

import babelscope as bs
from analysis.core.errors import AnalysisError, SpecError, StudyError
from analysis.core.specs import from_dict
from analysis.sharing import folder
from analysis.sharing import manifest as telling
from analysis.sharing.folder import Wanted
from analysis.sharing.measured import setting_of
from analysis.steering.resolve import vectors
from analysis.steering.specs import SteeringSpec, VectorSource
from analysis.steering.vector_files import load_vectors
from analysis.study import library, store, tags
from babelscope import commands
from components.frame import cache
from components.handout import hub_card
from tests.planted import planted_study
from tests.recorded_answers import recordings, turn
from tests.stored import HOSTILE, stored
from tests.visits import alive, button, visit, words

NAME = "jane/vectors"
STUDIES = "pages/studies.py"
# The hub's own client sends files in a way that its web client wants changed.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


@pytest.fixture
def study(hub, monkeypatch, request):
    """A planted study with recorded answers, and a token that may write."""
    monkeypatch.setenv("HF_TOKEN", hub.writer)
    if "card" not in request.node.name:
        monkeypatch.setattr(hub_card, "SHOWN", ())  # a figure takes half a second
    hub.commits.clear()
    planted = planted_study(("fairness", "truth"), ("en", "fr"), (4, 16, 8))
    place = stored("mine", planted, title="Fair_ness [all]")
    store.put_recordings(place, recordings(care()))
    return library.open_by_name("mine")


def care():
    """A turn whose vector is the planted study's own fairness in English."""
    made = turn("Kinder words")
    terms = made.steering["terms"]
    source = {**terms[0]["source"], "concept": "fairness"}
    return replace(made, steering={"terms": [{**terms[0], "source": source}]})


def ended(at):
    """Run the page, wait for its newest job, run it again; returns the job."""
    alive(at.run())
    job = next(reversed(cache.service().jobs.values()))
    assert job.finished.wait(120)
    alive(at.run())
    return job


def there(hub, name: str = NAME) -> dict[str, bytes]:
    """The files of a repository as they are now."""
    return hub.commits[name][hub.main[name]]


def test_a_study_goes_to_the_hub_and_comes_back_the_same(hub, study):
    url = bs.push("mine", NAME, licence="cc-by-4.0")
    assert url == f"{hub.url}/{NAME}" and hub.private[NAME]
    arrays = {name: study.array(name) for name in sorted(study.available)}
    answers = study.recordings
    library.delete("mine")
    again = bs.pull(NAME)
    assert again.name == "vectors" and again.title == study.title
    for name, array in arrays.items():
        assert again.array(name).equals(array)
    assert again.recordings == answers
    assert f"Pulled from {NAME} at commit" in tags.tagged("vectors").remark
    assert bs.pull(NAME).name == "vectors", "the same bytes are not added twice"
    assert hub.fetched(NAME).count("README.md") == 0


def test_a_manifest_tells_what_a_colleague_must_know(hub, study):
    bs.push("mine", NAME, licence="cc-by-4.0")
    told = json.loads(there(hub)["manifest.json"])
    assert told["model"]["model"] == "planted/model" and told["layers"] == 4
    assert told["licence"] == "cc-by-4.0" and "mean gap" in told["unit"]
    assert "output of block N" in told["hook"]
    assert told["position"] == "at the last token of a text"
    assert told["estimator"] == "difference of means"
    for vector in told["vectors"]:
        data = there(hub)[vector["file"]]
        assert hashlib.sha256(data).hexdigest() == vector["sha256"]
        source = VectorSource(
            vector["kind"], "mine", vector["concept"], vector["language"]
        )
        held = load(data)
        expected = vectors(source)
        for layer in vector["layers"]:
            assert np.array_equal(held[f"layer.{layer}"], expected[layer - 1])
    (fair,) = [v for v in told["vectors"] if v["settings"]]
    assert (fair["concept"], fair["language"]) == ("fairness", "en")
    (setting,) = fair["settings"]
    assert (setting["strength"], setting["layers"]) == (1.0, [1, 2])
    assert (setting["effect"], setting["baseline"], setting["n"]) == (1.0, 0.0, 2)
    assert setting["costs"]["three-word sequences said before"] == 0.25
    assert "low" not in setting, "log-odds of two prompts have no interval"


def test_a_share_has_its_interval(study):
    counted = replace(care(), counted="share of answers that read as French")
    spec = from_dict(SteeringSpec, counted.steering)
    setting = setting_of(counted, spec)
    assert setting.effect == 1.0 and setting.high == 1.0
    assert setting.low == pytest.approx(0.342, abs=0.001), "Wilson's, 2 of 2"


def test_a_card_is_yaml_and_words_that_cannot_act(hub, study):
    import yaml

    library.rename("mine", HOSTILE[:80])
    bs.push("mine", NAME)
    text = there(hub)["README.md"].decode()
    _, head, body = text.split("---\n", 2)
    facts = yaml.safe_load(head)
    assert facts["base_model"] == "planted/model"
    assert facts["language"] == list(study.languages) and "license" not in facts
    assert "![x]" not in body and "<img" not in body.replace("\\<img", "")
    assert "No licence was given" in body and "figure.png" in body
    assert there(hub)["figure.png"].startswith(b"\x89PNG")
    assert f"babelscope pull {NAME}" in body and "Kinder" not in body
    assert "concept vector fairness en | 1, 2 | 1 | 1 \\(n = 2\\)" in body


def test_a_second_push_replaces_the_first_and_leaves_other_files(hub, study):
    bs.push("mine", NAME)
    hub.publish(NAME, there(hub) | {"notes.txt": b"mine"})
    assert "vectors/concept-truth-fr.safetensors" in there(hub)
    bs.push(
        "mine", NAME, concepts=["fairness"], languages=["French"], vectors_only=True
    )
    left = set(there(hub))
    vectors_ = {path for path in left if path.startswith("vectors/")}
    assert vectors_ == {"vectors/concept-fairness-fr.safetensors"}
    assert not any(path.startswith("study/") for path in left)
    assert "notes.txt" in left


def test_vectors_alone_are_kept_and_steer(hub, study):
    bs.push("mine", NAME, concepts=["fairness"], languages=["fr"], vectors_only=True)
    (kept,) = bs.pull(NAME)
    found = load_vectors(kept)
    expected = vectors(VectorSource("concept vector", "mine", "fairness", "fr"))
    assert np.array_equal(np.stack(list(found.values())), expected)


def test_the_commands_do_the_same_and_say_where_to_steer(hub, study, capsys):
    assert commands.main(["push", "mine", NAME]) == 0
    assert capsys.readouterr().out.strip() == f"{hub.url}/{NAME}"
    library.delete("mine")
    assert commands.main(["pull", NAME]) == 0
    said = capsys.readouterr().out
    assert "study vectors\n" in said and "/playground?study=vectors" in said


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"name": "jane"}, "no id of a repository"),
        ({"name": "jane/../x"}, "no id of a repository"),
        ({"licence": "CC BY"}, "no licence as the hub spells them"),
        ({"concepts": ["fairnes"]}, "Did you mean|fairness"),
        ({"languages": ["de"]}, "Unknown language"),
    ],
)
def test_bad_wishes_are_refused_before_anything_is_sent(hub, study, given, words):
    wanted = {"name": NAME} | given
    hub.log.clear()
    with pytest.raises(SpecError, match=words):
        bs.push("mine", wanted.pop("name"), **wanted)
    assert not hub.log


def test_studies_that_cannot_go_say_so(hub, study):
    with pytest.raises(StudyError, match="published study"):
        bs.push("qwen-chat-7b", NAME)
    stored("half", cells=9)
    with pytest.raises(StudyError, match="not complete"):
        bs.push("half", NAME)


def test_a_repository_of_something_else_is_left_alone(hub, study):
    hub.publish(NAME, {"model.safetensors": b"x", "config.json": b"{}"})
    with pytest.raises(SpecError, match="holds something else already"):
        bs.push("mine", NAME)
    with pytest.raises(StudyError, match="no repository that Babelscope made"):
        bs.pull(NAME)
    assert set(there(hub)) == {"model.safetensors", "config.json"}


def test_a_token_that_may_not_write_is_told_so(hub, study, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "reader")
    with pytest.raises(AnalysisError, match="does not let this token write"):
        bs.push("mine", NAME)
    with pytest.raises(AnalysisError, match="no repository “jane/none”"):
        bs.pull("jane/none")


def test_what_is_not_safetensors_or_json_is_never_fetched(hub, study):
    bs.push("mine", NAME)
    extra = {"study/evil.pkl": b"!", "vectors/evil.bin": b"!", "evil.py": b"!"}
    hub.publish(NAME, there(hub) | extra)
    library.delete("mine")
    hub.log.clear()
    bs.pull(NAME)
    ends = {path.rsplit(".", 1)[1] for path in hub.fetched(NAME)}
    assert ends == {"json", "safetensors"}


def edited(hub, change) -> None:
    """Publish the repository with another manifest."""
    told = json.loads(there(hub)["manifest.json"])
    change(told)
    data = json.dumps(told).encode()
    hub.publish(NAME, there(hub) | {"manifest.json": data})


CHANGES = {
    "a file outside": lambda told: told["study"].update(
        {"../../x.safetensors": {"bytes": 1, "sha256": "0", "keys": []}}
    ),
    "a program": lambda told: told["study"].update(
        {"x.py": {"bytes": 1, "sha256": "0", "keys": []}}
    ),
    "a vector elsewhere": lambda told: told["vectors"][0].update(file="/etc/passwd"),
    "another length": lambda told: told["study"]["manifest.json"].update(bytes=3),
    "another schema": lambda told: told.update(schema=2),
    "another format": lambda told: told.update(format="x"),
    "no layers": lambda told: told.update(layers=-1),
    "other bytes": lambda told: told["study"]["manifest.json"].update(sha256="0" * 64),
    "no study": lambda told: told["study"].pop("manifest.json"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_manifest_that_cannot_be_is_refused_and_nothing_is_kept(hub, study, change):
    bs.push("mine", NAME)
    before = library.names()
    edited(hub, CHANGES[change])
    with pytest.raises(StudyError) as refused:
        bs.pull(NAME)
    assert library.names() == before
    assert len(str(refused.value)) < 400


def test_a_damaged_study_is_refused_whatever_the_folder_says(hub, study):
    """Hashes that fit do not make a study of what is none."""
    bs.push("mine", NAME)
    library.delete("mine")
    files = there(hub)
    inner = json.loads(files["study/manifest.json"])
    inner["layers"] = 7
    data = json.dumps(inner).encode()
    facts = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), "keys": []}
    hub.publish(NAME, files | {"study/manifest.json": data})
    edited(hub, lambda told: told["study"].update({"manifest.json": facts}))
    before = library.names()
    with pytest.raises(StudyError, match="was not added"):
        bs.pull(NAME)
    assert library.names() == before


def test_vectors_that_are_not_computed_are_told(hub, study):
    stored("half", cells=9)
    half = library.open_by_name("half")
    made = folder.folder_of(half, Wanted(vectors_only=True)).manifest
    assert len(made.vectors) == 9 and len(made.lacking) == 6
    assert "concept vector truth" in " ".join(made.lacking)
    assert "Not here: concept vector" in hub_card.card(made, NAME, None)


def test_file_names_differ_in_every_script():
    names = set()
    for concept in ("公正", "正义", "fair ness", "fair-ness!"):
        names.add(folder.file_name(VectorSource("concept vector", "s", concept, "zh")))
    assert all(telling.VECTOR_FILE.fullmatch(name) for name in names)
    assert len(names) == 4


def test_the_page_sends_and_fetches(hub, study, monkeypatch):

    monkeypatch.delenv("HF_TOKEN")
    at = visit(STUDIES, study="mine", tab="this")
    at.text_input(key="hub-to").input("jane")
    at.text_input(key="hub-token").input(hub.writer)
    alive(at.run())
    alive(button(at, "Send").click().run())
    assert "no id of a repository" in words(at)
    at.text_input(key="hub-to").input(NAME)
    alive(at.run())
    button(at, "Send").click()
    assert ended(at).result.name == NAME
    at = visit(STUDIES, study="mine", tab="add")
    at.text_input(key="hub-from").input(NAME)
    alive(at.run())
    button(at, "Fetch").click()
    assert ended(at).result.study == "mine"
    assert "with the same bytes" in words(at)
