"""A study, a recipe, a link and a pack made before the rooms open after them."""

import json
import shutil
from pathlib import Path

import pytest

from analysis.concepts import corpora, plan
from analysis.concepts.specs import Convention, StudySpec
from analysis.control import prompts
from analysis.control import store as control
from analysis.control.specs import ControlSpec, JudgingSpec
from analysis.core.specs import ModelSpec, digest, from_dict, written
from analysis.plane.specs import SweepSpec
from analysis.questions import question_sets
from analysis.questions.specs import QuestionSpec
from analysis.steering import resolve, vector_files
from analysis.steering.specs import (
    Condition,
    GenerationSpec,
    SteeringSpec,
    SteeringTerm,
    VectorSource,
)
from analysis.study import library, notes
from analysis.words.specs import AlignmentSpec, WordSpec
from components.paperpack import basket, recipes
from components.printing import sheet
from components.screen import to_plotly
from tests.kept import (
    BEFORE,
    EXPECTED,
    LINKS,
    NUMBERS,
    PACKED,
    RECIPES,
    Reader,
    arrays,
    concept_numbers,
    control_numbers,
    figure_numbers,
    parts,
    recipe,
    rounded,
)
from tests.visits import alive, asked, figures, visit, words

SPECS = (
    ModelSpec,
    StudySpec,
    QuestionSpec,
    WordSpec,
    AlignmentSpec,
    Convention,
    SweepSpec,
    VectorSource,
    Condition,
    SteeringTerm,
    SteeringSpec,
    GenerationSpec,
    ControlSpec,
    JudgingSpec,
)
KINDS = {kind.__name__: kind for kind in SPECS}


@pytest.fixture
def moved(home):
    """The home of before, moved here."""
    shutil.copytree(BEFORE / "home", home, dirs_exist_ok=True)
    return home


@pytest.mark.parametrize("name", EXPECTED["specs"])
def test_a_spec_has_the_digest_that_it_had(name):
    known = EXPECTED["specs"][name]
    spec = from_dict(KINDS[known["kind"]], known["values"])
    assert digest(spec) == known["digest"]
    assert json.loads(json.dumps(written(spec))) == known["values"]


def test_every_kind_of_spec_is_among_them():
    assert {known["kind"] for known in EXPECTED["specs"].values()} == set(KINDS)


def test_the_library_lists_every_study(moved):
    listed = [name for name in library.names() if name in EXPECTED["studies"]]
    assert sorted(listed) == sorted(EXPECTED["studies"])
    assert library.trashed() == EXPECTED["trashed"]
    assert library.restore(EXPECTED["trashed"][0]) in library.names()


@pytest.mark.parametrize("name", EXPECTED["studies"])
def test_a_study_opens_with_its_arrays(moved, name):
    study = library.open_by_name(name)
    known = EXPECTED["studies"][name]
    assert library.summary(study) == known["summary"]
    assert arrays(study) == known["arrays"]
    assert sorted(study.missing) == known["missing"]
    assert library.unpack(library.pack(name), "again.babelscope") == "again"
    assert arrays(library.open_by_name("again")) == known["arrays"]


@pytest.mark.parametrize("name", EXPECTED["numbers"])
def test_a_study_says_the_numbers_that_it_said(moved, name):
    known = EXPECTED["numbers"][name]
    found = NUMBERS[known["kind"]](library.open_by_name(name))
    assert found.keys() == known["values"].keys()
    for part, values in known["values"].items():
        assert found[part] == pytest.approx(values, abs=1e-4), part


def test_a_pack_opens(home):
    known = EXPECTED["studies"][EXPECTED["packed"]]
    name = library.unpack(PACKED.read_bytes(), PACKED.name)
    study = library.open_by_name(name)
    assert arrays(study) == known["arrays"]
    assert study.complete
    numbers = EXPECTED["numbers"][EXPECTED["packed"]]["values"]
    found = concept_numbers(study)
    assert found["similarity"] == pytest.approx(numbers["similarity"], abs=1e-4)


def test_an_unfinished_study_is_gone_on_with(moved):
    name = EXPECTED["unfinished"]["name"]
    study = library.open_by_name(name)
    assert study.missing
    spec = study.manifest.spec_as(StudySpec)
    corpus = corpora.find(spec.corpus_digest)
    folder = plan.begin(spec, corpus, Reader(), study.title)
    assert folder.name == name
    plan.run(folder, corpus, Reader())
    again = library.open_by_name(name)
    assert again.complete
    found = concept_numbers(again)
    for part, values in EXPECTED["unfinished"]["values"].items():
        assert found[part] == pytest.approx(values, abs=1e-4), part


def test_specs_of_a_study_are_those_of_its_manifest(moved):
    for name, known in EXPECTED["manifests"].items():
        manifest = library.open_by_name(name).manifest
        for part, kind in known["specs"].items():
            entry = manifest if part == "study" else manifest.parts[part]
            spec = entry.spec_as(KINDS[kind])
            assert digest(spec) == entry.digest == known["digests"][part]


def test_answers_and_votes_are_kept_with_their_study(moved):
    for name, known in EXPECTED["notes"].items():
        study = library.open_by_name(name)
        for kind, values in known.items():
            assert notes.read_notes(study, kind) == values
    first = EXPECTED["notes"][EXPECTED["packed"]]["answers"][0]
    steered = from_dict(SteeringSpec, first["steering"])
    assert digest(steered) == EXPECTED["specs"]["SteeringSpec, full"]["digest"]


def test_a_control_run_opens_and_is_judged_as_before(moved):
    for name, known in EXPECTED["control"].items():
        assert name in control.names(known["study"])
        run = control.open_run(name)
        control.check_vectors(run)
        assert digest(run.spec) == known["digest"]
        assert digest(run.judging) == known["judging"]
        assert sorted(run.done) == known["done"]
        assert control.missing(run, control.frame(run, run.judging), run.judging) == ()
        for rules in known["rules"]:
            judging = from_dict(JudgingSpec, rules["judging"])
            found = control_numbers(run, judging)
            for part in ("verdicts", "chosen"):
                assert found[part] == rules[part], part
            for part in ("surface", "perplexity", "report"):
                assert found[part] == pytest.approx(rules[part], abs=1e-4), part


def test_what_lies_on_the_shelves_is_found(moved):
    shelves = EXPECTED["shelves"]
    for name, known in shelves["corpora"].items():
        assert name in corpora.offered()
        assert corpora.load(name).digest == known
        assert corpora.find(known).name == name
    for name, known in shelves["questions"].items():
        assert name in question_sets.offered_questions()
        assert question_sets.find_questions(known).name == name
    for name, known in shelves["prompts"].items():
        assert name in prompts.offered(False)
        study = library.open_by_name(EXPECTED["packed"])
        spec = study.manifest.spec_as(StudySpec)
        assert prompts.load(name, spec, "fairness").digest == known
    for name, known in shelves["vectors"].items():
        assert name in vector_files.kept_vectors()
        held = {
            str(layer): rounded(each)
            for layer, each in vector_files.load_vectors(name).items()
        }
        assert held == known


def test_steering_vectors_are_what_they_were(moved):
    for known in EXPECTED["steering"]:
        source = from_dict(VectorSource, known["source"])
        found = resolve.vectors(source)
        assert rounded(found) == pytest.approx(known["values"], abs=1e-4), source


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_read_as_it_was_written(name):
    path = BEFORE / "recipes" / f"{name}.json"
    kept = json.loads(path.read_text(encoding="utf-8"))
    known = EXPECTED["recipes"][name]
    read = recipe(name)
    assert type(read.figure.data).__name__ == known["kind"]
    assert read.digest == kept["digest"] == known["digest"]
    assert figure_numbers(read.figure) == known["figure"]
    again = json.loads(recipes.write(read))
    for part in ("format", "version", "digest", "look", "provenance", "figure"):
        assert again[part] == kept[part], part
    assert read.view["query"] == kept["view"].get("query", {})


def test_there_is_a_recipe_of_every_kind_of_figure():
    kinds = {known["kind"] for known in EXPECTED["recipes"].values()}
    assert kinds == {kind.__name__ for kind in to_plotly.DRAW}
    assert sorted(EXPECTED["recipes"]) == RECIPES


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_drawn_and_printed(name):
    read = recipe(name)
    plot = to_plotly.draw(read.figure)
    assert plot.to_json()
    drawn_sheet = sheet.compose([read.figure], read.look)
    assert sheet.FORMATS["svg"](drawn_sheet, recipes.facts([read]))


def test_the_basket_is_as_it_was(moved):
    items = basket.items()
    assert [item.number for item in items] == EXPECTED["basket"]["numbers"]
    assert [item.fault for item in items] == [""] * len(items)
    assert [item.recipe.digest for item in items] == EXPECTED["basket"]["digests"]
    assert basket.removed() == EXPECTED["basket"]["removed"]
    basket.restore(EXPECTED["basket"]["removed"][0])
    assert len(basket.items()) == len(items) + 1


TITLED = {
    "Transfer against localisation: English 1 at layer 2 and local 1 at layer 4": (
        "Transfer against localisation: English vector at layer 2, strength 1 and local "
        "vector at layer 4, strength 1"
    ),
    "Words found in fr at the first try (P@1)": (
        "Words found in French at the first try (P@1)"
    ),
}
"""Title of a figure at that time → its title now, where it is another one."""


@pytest.mark.parametrize("place", range(len(EXPECTED["basket"]["numbers"])))
def test_a_recipe_opens_the_view_that_it_came_from(fresh, moved, place):
    item = basket.items()[place]
    data = basket.path_of(item.number).read_bytes()
    at = visit("pages/figures.py")
    alive(at.file_uploader(key="recipe-file").upload("recipe.json", data).run())
    title = item.recipe.figure.title
    assert TITLED.get(title, title) in figures(at)
    # A cell's panel writes both of its languages, where one was by default before.
    assert item.recipe.view["query"].items() <= asked(at).items()
    assert "The link asks for" not in words(at)
    assert not at.error


@pytest.mark.parametrize("link", LINKS)
def test_a_link_restores_its_view(fresh, moved, link):
    page, query = parts(link)
    at = visit(page, **query)
    known = EXPECTED["links"][link]
    assert "The link asks for" not in words(at)
    assert not at.error
    said = asked(at)
    # Tabs came later: a link may open one, and what stands in a closed one is only said.
    said.pop("tab", None)
    assert said == query
    here = {
        name: at.session_state[name]
        for name in known["state"]
        if name in at.session_state
    }
    for name, value in json.loads(json.dumps(here)).items():
        assert value in (known["state"][name], [known["state"][name]]), name
    missing = set(known["state"]) - set(here)
    assert missing <= set(query), "what no widget holds, the address does"
    if page != "app.py":
        assert bool(figures(at)) >= bool(known["figures"])


def test_there_is_a_link_to_every_page():
    pages = {parts(link)[0] for link in LINKS}
    folder = Path(__file__).parent.parent / "pages"
    assert pages == {"app.py", *(f"pages/{path.name}" for path in folder.glob("*.py"))}
