"""Layers and Plane without a browser: planted studies, imported means, the demo study,
and nothing at all.
"""

import base64
import re
import shutil
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from analysis.core.specs import ModelSpec
from analysis.core.typeset import minus_signs
from analysis.plane import finding, localisation
from analysis.plane.specs import SweepSpec
from analysis.questions.question_sets import keep_questions
from analysis.questions.questions import CULTURE, UNIVERSAL, Questions
from analysis.study import library, store
from analysis.study.manifest import PlanePart
from analysis.worker import questions as asking
from analysis.worker.service import Job
from components.figures.text import DEMO_NOTE
from components.forms import sweeping
from tests.asking import (
    ITEMS,
    LANGUAGES,
    LAYERS,
    TRANSFER_LAYER,
    PlantedReader,
    questions,
)
from tests.stored import stored
from tests.test_asked import ask, torch_file
from tests.test_plane import ONE_SIDED, lopsided, swept, unsteered
from tests.visits import (
    PAGES,
    alive,
    asked,
    button,
    everything,
    figures,
    heat_map,
    visit,
    words,
)

LAYERS_PAGE, PLANE = "pages/layers.py", "pages/plane.py"


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A study that was swept, one that was only asked, and imported means; made once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BABELSCOPE_HOME", str(tmp_path_factory.mktemp("pages")))
        names = {
            "swept": swept("swept").name,
            "asked": ask(PlantedReader(noise=0.02), title="asked").name,
        }
        files = {
            f"m.{code}.pt": torch_file(torch.randn(6, 8))
            for code in ("en", "fr", "sw", "zh")
        }
        names["means"] = asking.import_means(files, "owner/name", "means")(
            Job(1, "t", "t", lambda *_: None), None
        )
        yield store.root(), names


@pytest.fixture(autouse=True)
def names(fresh, home, kept):
    """A copy of that home."""
    shutil.copytree(kept[0], home / "studies")
    keep_questions(questions())
    return kept[1]


def test_layers_of_an_asked_study(names):
    at = visit(LAYERS_PAGE, study=names["asked"])
    assert len(figures(at)) == 2, "the answer, and what the open tab shows"
    said, shown = everything(at)
    assert len(shown) == 8 and not at.error and not at.warning
    picture = shown["PCA of English and local vectors"]
    assert (
        len(picture["frames"]) == LAYERS and "2 English, 3 local" in picture["caption"]
    )
    scale = picture["layout"]["xaxis"]["range"]
    assert scale[0] < scale[1] and all(
        "range" not in frame["layout"].get("xaxis", {}) for frame in picture["frames"]
    )
    assert (
        "Without both vectors: en"
        in shown["English against local vector, by language and layer"]["caption"]
    )
    assert "definitions here are ours" in said


def test_all_layers_stand_side_by_side_where_that_is_asked(names):
    at = visit(LAYERS_PAGE, study=names["asked"], grid="1")
    grid = figures(at)["PCA of English and local vectors, all layers"]
    assert len(grid["data"]) >= LAYERS


def test_the_version_of_items_that_flip(names):
    at = visit(
        LAYERS_PAGE, study=names["asked"], version="flipping items", tab="angles"
    )
    caption = figures(at)["English against local vector, by language and layer"][
        "caption"
    ]
    assert (
        f"{ITEMS // 2} universal and {ITEMS // 3} culture items per language" in caption
        and not at.error
    )


def test_links_restore_the_view(names):
    at = visit(
        LAYERS_PAGE,
        study=names["asked"],
        show="items",
        dims="3",
        at="2",
        version="held-out universal",
    )
    shown = figures(at)
    assert shown["PCA of the questions themselves"]["data"][0]["type"] == "scatter3d"
    other = visit(LAYERS_PAGE, study=names["asked"], tab="agreement", vector="local")
    assert "Cosine between the languages' local vectors" in figures(other)
    picture = shown["PCA of the questions themselves"]
    assert picture["layout"]["sliders"][0]["active"] == 1
    at = visit(LAYERS_PAGE, study=names["asked"], way="classical MDS", at="3")
    assert (
        "frames"
        not in figures(at)["classical MDS of 1 − cosine of English and local vectors"]
    )


def test_layers_of_means(names):
    at = visit(LAYERS_PAGE, study=names["means"])
    _, shown = everything(at)
    assert (
        list(shown)[1] == "PCA of mean states of the languages"
        and "Cosine between the languages' English vectors" in shown
    )
    assert (
        "local vectors, bands of shuffled labels, separation and the logit lens need questions"
        in words(at)
    )
    assert all(
        "Imported mean states of owner/name" in figure["caption"]
        for figure in shown.values()
    )
    assert heat_map(shown["Cosine between the languages' English vectors"])


def test_means_say_what_they_cannot_test(names):
    _, shown = everything(visit(LAYERS_PAGE, study=names["means"], show="vectors"))
    picture, matrix = (
        shown[title]["caption"]
        for title in (
            "PCA of English and local vectors",
            "Cosine between the languages' English vectors",
        )
    )
    assert "Positions carry no test." in picture and all(
        "cosine near 0.5, not near 0" in caption for caption in (picture, matrix)
    )
    assert (
        "the bands of the curves below do"
        in list(figures(visit(LAYERS_PAGE, study=names["asked"])).values())[1][
            "caption"
        ]
    )


def only(codes=LANGUAGES, kinds=(UNIVERSAL, CULTURE), same=False):
    """Some of the planted questions; ``same``: with the same words in every item,
    language and wording.
    """
    kept = [q for q in questions(codes).questions if q.kind in kinds]
    if same:
        kept = [
            replace(
                q, question="universal 0 fr", named="universal 0 fr" if q.named else ""
            )
            for q in kept
        ]
    return Questions("some", tuple(kept))


def told(title, **which):
    """What Layers says of a study that was asked only some questions, and the titles of
    its figures.
    """
    at = visit(
        LAYERS_PAGE, study=ask(PlantedReader(noise=0.02), only(**which), title).name
    )
    said, shown = everything(at)
    assert not re.search(
        r"\bnan\b|nan°|_share|_vector|_shuffled|\b[01] languages", said
    ), "no number that is none, no name of an array"
    return said, shown


def test_one_language_is_told_that_it_is_alone(home):
    said, shown = told("alone", codes=("fr",))
    assert (
        "Separation index" not in shown
        and "has no separation index: it needs the same questions in two languages"
        in said
    )
    assert (
        "has no agreement between languages: it needs two languages" in said
        and "has no cosine matrix of local vectors" in said
    )
    assert (
        "has no pair of English and local vectors" in said
        and "has no logit lens: it needs universal questions" in said
    )
    assert (
        "Mean over 1 language;"
        in shown["Length of the vectors, as a share of the states'"]["caption"]
    )


def test_one_language_with_both_vectors_has_no_interval(home):
    said, shown = told("pair", codes=("en", "fr"))
    assert (
        "n = 1 language, without an interval"
        in shown["English against local vector over depth"]["caption"]
    )
    assert (
        "Nothing to draw for: English, English, shuffled"
        in shown["Do the languages' vectors agree?"]["caption"]
    )
    assert "has no cosine matrix of English vectors: it needs two languages" in said


def test_culture_questions_alone_have_nothing_to_compare_with_english(home):
    said, shown = told("culture", kinds=(CULTURE,))
    assert (
        "Parallel states" not in shown
        and "universal questions or more in English and another language" in said
    )
    assert "Separation index" in shown


def test_questions_that_are_all_the_same_have_no_angle(home):
    said, shown = told("same", same=True)
    assert (
        "has no angle of English and local vector (own): no language has two such "
        "vectors that are not zero" in said
    )
    assert "Separation index" not in shown and "Parallel states" not in shown


def test_a_finding_has_no_angle_to_a_vector_of_zero(home):
    study = ask(PlantedReader(), only(same=True), "same")
    spec = SweepSpec(ModelSpec("fake"), "planted", "", ("en",), (2,), local="own")
    plane = PlanePart(spec=asdict(spec), prompts=(), settings=())
    study = replace(study, manifest=replace(study.manifest, plane=plane))
    assert finding.angle_words(study, (2, 4)).startswith(
        "; the two vectors have no angle there"
    )


def test_means_without_english_say_so(home):
    files = {
        f"m.{code}.pt": torch_file(torch.randn(6, 8)) for code in ("fr", "sw", "zh")
    }
    name = asking.import_means(files, "owner/name", "no english")(
        Job(1, "t", "t", lambda *_: None), None
    )
    at = visit(LAYERS_PAGE, study=name)
    assert all("PCA" in title for title in figures(at))
    lacks = "has no English vectors: none of its files holds the mean state of English"
    assert words(at).count(lacks) == 1
    other = visit(LAYERS_PAGE, study=name, tab="agreement")
    assert words(other).count(lacks) == 2


def test_two_models_at_relative_depth(names):
    at = visit(LAYERS_PAGE, study=names["asked"], **{"with": names["swept"]})
    curves = figures(at)["English against local vector over depth"]["data"]
    assert any(trace.get("name") == "swept" for trace in curves)


@pytest.mark.parametrize("page", [LAYERS_PAGE, PLANE])
@pytest.mark.parametrize("name", ["llama2-chat-7b", "plain"])
def test_studies_without_questions_say_so(page, name):
    stored("plain")
    at = visit(page, study=name)
    assert not figures(at) and "has no" in at.info[0].value and not at.error


def test_the_plane(names):
    at = visit(PLANE, study=names["swept"])
    study = library.open_by_name(names["swept"])
    assert "Steering with the English vector" in words(at)
    full = words(visit(PLANE, study=names["swept"], tab="finding"))
    assert minus_signs(finding.finding(study)) in full
    assert f"layer {TRANSFER_LAYER}" in full
    tables = visit(PLANE, study=names["swept"], tab="random").dataframe
    assert any("random gain" in frame.value for frame in tables)
    _, shown = everything(at)
    assert len(shown) == 8
    plane = shown[
        "Transfer against localisation: "
        f"{localisation.settings(study)[localisation.chosen_settings(study)['English']].title}"
    ]
    arrows = [note for note in plane["layout"]["annotations"] if note.get("showarrow")]
    assert len(arrows) == 2 and "quadrants" not in plane["caption"]
    corners = {
        note["text"]
        for note in plane["layout"]["annotations"]
        if not note.get("showarrow")
    }
    assert (
        "more transfer, less local" in corners
        and "explicit–implicit gap" in plane["caption"]
    )


@pytest.mark.parametrize("title", ONE_SIDED)
def test_a_plane_without_an_axis_says_so_and_shows_the_other(title):
    missing, kept = ONE_SIDED[title]
    at = visit(PLANE, study=lopsided(title, kept).name)
    shown = words(at)
    assert f"On these items {missing} is missing" in shown and not re.search(
        r"\bnan\b", shown
    )
    depth = [figure for name, figure in figures(at).items() if "over depth" in name]
    assert depth and all(
        len([t for t in each["data"] if t.get("name", "").startswith("gain")]) <= 1
        for each in depth
    )
    assert all("Only the gain in" in each["caption"] for each in depth)


def test_a_plane_with_nothing_to_report_says_so():
    study = lopsided(
        "lone", lambda q: q.kind == "culture" and (q.split == "train" or q.item == "c1")
    )
    at = visit(PLANE, study=study.name)
    assert (
        "transfer is missing" in words(at)
        and "localisation is missing" in words(at)
        and not figures(at)
    )


def test_answers_from_a_file_are_placed_on_what_is_shown(names):
    study, given = library.open_by_name(names["swept"]), questions()
    own = unsteered(study, given)
    at = visit(PLANE, study=names["swept"], mode="local")
    alive(
        at.file_uploader(key="rivals")
        .upload("own.csv", own.to_csv(index=False).encode())
        .run()
    )
    figure = list(figures(at).values())[0]
    marks = localisation.plane(study, localisation.chosen_settings(study)["local"])
    (point,) = [trace for trace in figure["data"] if trace.get("name") == "own"]
    assert "own, 3 of 3 languages" in figure["caption"] and "not shown" in words(at)
    spot = [np.frombuffer(base64.b64decode(point[axis]["bdata"]))[0] for axis in "xy"]
    np.testing.assert_allclose(
        spot, marks[["transfer before", "localisation before"]].mean()
    )


def test_the_plane_of_another_mode_and_of_all_items(names):
    at = visit(
        PLANE,
        study=names["swept"],
        mode="both",
        items="all held-out items (optimistic)",
    )
    assert (
        "settings were chosen on half of them"
        in list(figures(at).values())[0]["caption"]
    )


def test_a_sweep_that_was_stopped_is_shown_as_far_as_it_is(names, home):
    folder = home / "studies" / names["swept"]
    manifest = store.read_manifest(folder)
    unfinished = replace(manifest.plane, complete=False)
    store.write_manifest(folder, replace(manifest, plane=unfinished))
    at = visit(PLANE, study=names["swept"])
    assert "not finished" in at.warning[0].value and figures(at)


def test_a_study_with_vectors_but_no_plane_offers_the_sweep(names):
    at = visit(PLANE, study=names["asked"])
    assert "has no sweep" in at.info[0].value and not figures(at)


def test_a_sweep_begins_where_it_is_told_to(names, home, monkeypatch):
    asked_of = []

    def elsewhere(where, spec, questions, study):
        asked_of.append((where, spec.questions_digest, study))
        return lambda job, pool: study

    monkeypatch.setattr(sweeping, "swept_on_cluster", elsewhere)
    at = visit(PLANE, study=names["asked"])
    assert "where-sweep" not in {box.key for box in at.selectbox}
    (home / "clusters.toml").write_text('[gpus]\nkind = "local"\n')
    at = visit(PLANE, study=names["asked"])
    alive(at.selectbox(key="where-sweep").select("gpus").run())
    alive(button(at, "Start").click().run())
    assert asked_of == [("gpus", questions().digest, names["asked"])]


@pytest.mark.skipif(
    not (library.DEMO_FOLDERS["demo"] / "manifest.json").is_file(),
    reason="the demo study is not made yet",
)
@pytest.mark.parametrize("page", [LAYERS_PAGE, PLANE])
def test_the_demo_study(page):
    study = library.open_by_name("demo")
    if not study.has("english_vector"):
        pytest.skip("the demo study was made before questions were asked of it")
    shown = figures(visit(page, study="demo"))
    assert shown and all(DEMO_NOTE in figure["caption"] for figure in shown.values())
    assert np.isfinite(study.array("local_vector").values).all()


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("which", ["means", "asked"])
def test_studies_without_concepts_open_on_every_page(page, which, names):
    at = visit(page, study=names[which])
    assert not at.error and asked(at)["study"] == [names[which]]
