"""Pages that compute something offer where: this machine, or a cluster by its name; what
several processes compute is found on the Studies page, and stopped there for all.
"""

import pytest

from analysis.core import settings
from analysis.sentences import shelf
from analysis.study import claims, library, stop_mark, store
from analysis.study.claims import Claims
from analysis.worker import cluster
from analysis.worker.service import DONE
from components.forms import asking, embedding, sentence_reading, trying
from components.frame import cache
from tests.planted_sentences import parallel_text
from tests.stored import stored
from tests.visits import after_jobs, alive, button, plain, unfolded, visit, words

pytestmark = pytest.mark.usefixtures("fresh")
STUDIES = "pages/studies.py"


@pytest.fixture
def clusters(home):
    """Clusters that an operator has named."""
    (settings.home() / "clusters.toml").write_text('[gpus]\nkind = "local"\n')
    return home


def listening(monkeypatch, form) -> list[str]:
    """Where a form begins something, instead of that it begins there."""
    asked_of = []

    def begun(place, begin, go_on):
        asked_of.append(place)
        return lambda job, pool: "demo"

    monkeypatch.setattr(form, "begun_on_cluster", begun)
    return asked_of


def started(at, place: str, label: str = "", key: str = "") -> None:
    """Choose the cluster, press a button, and wait for the end."""
    alive(at.selectbox(key=place).select("gpus").run())
    if key:
        at.button(key=key).click()
    else:
        button(at, label).click()
    alive(at.run())
    job = list(cache.service().jobs.values())[-1]
    assert job.finished.wait(60) and job.state == DONE, job.error
    assert job.aside, "models of this server stay free"


def told(at) -> list[str]:
    """Lines for the command line that name the cluster."""
    return [code.value for code in at.code if "--cluster gpus" in code.value]


def test_words_are_read_where_it_is_told(clusters, monkeypatch):
    asked_of = listening(monkeypatch, embedding)
    at = visit("pages/alignment.py", study="llama2-chat-7b", align="words")
    alive(at.selectbox(key="draft-model").select("demo").run())
    started(at, "where-words", "Embed")
    assert asked_of == ["gpus"] and told(at)


def test_sentences_are_read_where_it_is_told(clusters, monkeypatch):
    asked_of = listening(monkeypatch, sentence_reading)
    shelf.keep(parallel_text(12))
    stored("complete")
    at = visit("pages/alignment.py", study="complete", align="sentences")
    alive(at.segmented_control(key="sentences-origin").select("this server").run())
    started(at, "where-sentences", "Read")
    assert asked_of == ["gpus"] and told(at)


def test_questions_are_asked_where_it_is_told(clusters, monkeypatch):
    asked_of = listening(monkeypatch, asking)
    at = unfolded(visit("pages/layers.py", study="llama2-chat-7b"), "ask")
    alive(at.selectbox(key=asking.MODEL).select("demo").run())
    started(at, "where-questions", "Ask")
    assert asked_of == ["gpus"]


def test_what_is_tried_is_tried_where_it_is_told(clusters, monkeypatch):
    asked_of = listening(monkeypatch, trying)
    at = visit("pages/transfer.py", study="demo", tab="push")
    started(at, "where-try-pushing", key="try-start-pushing")
    assert asked_of == ["gpus"] and told(at)


def test_a_cluster_that_does_not_answer_is_told_on_the_page(home, monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", 0.3)
    away = '[away]\naddress = "tcp://127.0.0.1:9"\n'
    (settings.home() / "clusters.toml").write_text(away)
    at = visit("pages/transfer.py", study="demo", tab="push")
    alive(at.selectbox(key="where-try-pushing").select("away").run())
    alive(at.button(key="try-start-pushing").click().run())
    at = after_jobs(at)
    said = plain(words(at))
    assert "No Dask scheduler answers at “away” (tcp://127.0.0.1:9). Check that" in said
    assert not at.button(key="try-start-pushing").disabled


def test_where_no_cluster_is_named_nothing_is_asked(home):
    at = visit("pages/transfer.py", study="demo", tab="push")
    assert "try-start-pushing" in {each.key for each in at.button}
    assert "where-try-pushing" not in {box.key for box in at.selectbox}


def test_a_study_that_others_compute_is_found_and_stopped_for_all(home):
    stored("half", cells=9)
    folder = store.root() / "half"
    store.share(folder)
    at = visit(STUDIES)
    links = [one.proto for one in at.get("page_link")]
    (found,) = [one for one in links if "several processes" in one.label]
    assert "study=half" in found.query_string and "tab=this" in found.query_string
    with Claims(folder) as own:
        assert own.take("concept-001")
        at = visit(STUDIES, study="half", tab="this")
        concept = library.open_by_name("half").concepts[1]
        assert f"{concept} is being computed on" in plain(words(at))
        own.release("concept-001", "concept-001: out of memory")
        at = visit(STUDIES, study="half", tab="this")
        assert f"Failed: {concept}: out of memory" in plain(words(at))
        button(at, "Stop all").click()
        alive(at.run())
        assert stop_mark.is_there(folder)
        assert "Stopped for all who compute it. Each process ends" in words(at)
    at = visit(STUDIES, study="half", tab="this")
    assert "Each process ends" not in words(at)
    assert "Stop all" not in {each.label for each in at.button}


def test_a_study_whose_processes_are_gone_says_so(home):
    stored("half", cells=9)
    store.share(store.root() / "half")
    claims.files.make_folder(store.root() / "half" / claims.FOLDER)
    at = visit(STUDIES, study="half", tab="this")
    assert "Nobody has been heard of for two minutes" in words(at)
