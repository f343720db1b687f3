"""The pages that change something, without a browser: Studies and Extract."""

import threading
import time

import pytest

from analysis.concepts import can_show
from analysis.concepts.corpora import to_csv
from analysis.concepts.pair_readers import read_corpus
from analysis.concepts.pairs import ContrastPair, Corpus
from analysis.core import settings
from analysis.core.errors import CorpusError, FigureError, StudyError
from analysis.study import library, standing, store, tags
from analysis.study.claims import Claim
from analysis.study.standing import Standing
from analysis.worker import extraction
from analysis.worker.service import DONE, FAILED, RUNNING, STOPPED
from components.forms import extraction as form
from components.forms import typed_pairs
from components.forms.typed_pairs import COLUMNS
from components.frame import cache
from components.views import one_file, shelf, studies
from tests.stored import HOSTILE, cut, stored
from tests.visits import alive, asked, button, everything, figures, plain, visit, words

pytestmark = pytest.mark.usefixtures("fresh")

STUDIES, EXTRACT = "pages/studies.py", "pages/extract.py"


def test_studies_of_one_title_are_told_apart(home):
    stored("first"), stored("second")
    at = visit(STUDIES, study="first")
    assert [
        option for option in at.selectbox(key="study").options if "Planted" in option
    ] == [f"Yours · Planted study · {name}" for name in library.names()[:2]]
    for name in ("second", "first"):
        at.selectbox(key="study").select(name)
        assert (
            alive(at.run()).selectbox(key="study").value
            == name
            == asked(at).get("study", [""])[0]
        )
    at = visit(STUDIES, study="first", **{"with": "second"})
    assert at.multiselect(key="with").value == ["second"] and not at.warning


def test_a_new_study_of_the_same_title_leaves_the_chosen_one(home):
    stored("first")
    at = visit(STUDIES, study="first")
    stored("second")
    assert alive(at.run()).selectbox(key="study").value == "first" and asked(at)[
        "study"
    ] == ["first"]


@pytest.fixture
def study(home):
    """The Studies page with one computed study."""
    stored("mine")
    return visit(STUDIES, study="mine", tab="this")


def labels(at):
    """Labels of the buttons that can be pressed."""
    return {button.label for button in at.button if not button.disabled}


def rows(at):
    """The table of studies by their names."""
    return at.data_editor[0].value.set_index("name")


def test_all_studies_are_listed_with_what_is_known_of_them(home):
    stored("mine")
    table = rows(visit(STUDIES))
    assert set(table.index) == set(library.names())
    assert table.loc["mine", "group"] == "Yours" == table["group"].iloc[0]
    assert table.loc["demo", "group"] == "Demo"
    files = [*(store.root() / "mine").glob("*.safetensors")]
    size = sum(path.stat().st_size for path in files) / 1e6
    assert table.loc["mine", "size"] >= size > 0
    assert table.loc["mine", "date"] > "2026" and not table.loc["bloomz-560m", "date"]
    assert table["size"].isna()["bloomz-560m"], "published ones have no files"


def test_studies_are_found_by_title_tag_and_note(home):
    stored("mine"), stored("other", title="Another one")
    tags.write("mine", ["pilot"], "first try with Finnish")
    at = visit(STUDIES)
    for words_sought, found in (("another", {"other"}), ("FINNISH", {"mine"})):
        alive(at.text_input(key="studies-search").set_value(words_sought).run())
        assert set(rows(at).index) == found
    alive(at.text_input(key="studies-search").set_value("").run())
    alive(at.multiselect(key="studies-tags").select("pilot").run())
    assert set(rows(at).index) == {"mine"}
    alive(at.text_input(key="studies-search").set_value("nothing like it").run())
    assert not at.data_editor and "No study is called so" in words(at)


def test_the_table_is_as_tall_as_its_rows(home):
    at = visit(STUDIES)
    alive(at.multiselect(key="studies-groups").select("Demo").run())
    proto = at.data_editor[0].proto
    assert len(rows(at)) == 2 and shelf.height(2) == 3 * shelf.ROW + 3
    assert proto.row_height == shelf.ROW


def test_tags_and_notes_are_kept_beside_the_study(home):
    stored("mine")
    before = library.open_by_name("mine").manifest.digest
    at = visit(STUDIES)
    place = list(rows(at).index).index("mine")
    edits = {place: {"tags": ["pilot", "fi"], "note": "keep"}}
    key = at.data_editor[0].key
    at.session_state[key] = {
        "edited_rows": edits,
        "added_rows": [],
        "deleted_rows": [],
    }
    alive(at.run())
    assert tags.tagged("mine") == tags.Tagged(("pilot", "fi"), "keep")
    assert rows(at).loc["mine", "note"] == "keep"
    assert library.open_by_name("mine").manifest.digest == before
    assert (store.root() / "mine" / tags.FILE).is_file()


def test_tags_of_a_study_that_comes_along_lie_in_the_home(home):
    tags.write("demo", ["toy"], "")
    tags.write("bloomz-560m", ["small"], "printed")
    assert tags.of_all(["demo", "bloomz-560m"]) == {
        "demo": tags.Tagged(("toy",)),
        "bloomz-560m": tags.Tagged(("small",), "printed"),
    }
    kept = {path.name for path in (settings.home() / "notes").glob("*.json")}
    assert kept == {"demo-tags.json", "bloomz-560m-tags.json"}


@pytest.mark.parametrize(
    ("given", "note", "said"),
    [
        (["x" * 41], "", "at most 40 characters"),
        ([str(number) for number in range(21)], "", "at most 20 tags"),
        ([], "x" * 2_001, "at most 2,000 characters"),
    ],
)
def test_what_is_too_long_for_a_tag_is_refused(home, given, note, said):
    stored("mine")
    with pytest.raises(StudyError, match=said):
        tags.write("mine", given, note)
    assert tags.tagged("mine") == tags.NOTHING


def test_damaged_tags_are_told_and_never_overwritten(home):
    path = stored("mine") / tags.FILE
    path.write_text("[", "utf-8")
    assert "damaged" in tags.tagged("mine").fault
    with pytest.raises(StudyError, match="nothing was kept"):
        tags.write("mine", ["new"], "")
    assert path.read_text("utf-8") == "["
    assert "are damaged" in words(visit(STUDIES))


def test_three_hundred_studies_are_read_once(home, monkeypatch):
    for number in range(3):
        stored(f"study-{number}")
    visit(STUDIES)
    read = []
    monkeypatch.setattr(library, "open_by_name", read.append)
    monkeypatch.setattr(tags, "disk", None)
    found = cache.summaries(library.names())
    tags.of_all(found)
    assert not read and not [each for each in found.values() if isinstance(each, str)]


def test_rename_changes_the_title_and_keeps_the_link(study):
    assert "Rename" not in labels(study), "nothing to rename yet"
    study.text_input(key="title-mine").set_value(HOSTILE[:70]).run()
    alive(button(study, "Rename").click().run())
    assert library.open_by_name("mine").title == HOSTILE[:70] and asked(study)[
        "study"
    ] == ["mine"]
    assert f"Yours · {HOSTILE[:70]}" in study.selectbox(key="study").options
    study.text_input(key="title-mine").set_value("   ").run()
    alive(button(study, "Rename").click().run())
    assert (
        "1 to 80 characters" in study.error[0].value
        and library.open_by_name("mine").title == HOSTILE[:70]
    )


def test_no_button_that_deletes_is_where_the_one_of_another_study_was(study):
    stored("other", title="Another study")
    alive(study.run())
    pressed = button(study, "Move Planted study to the trash")
    assert pressed.key == "delete-mine"
    alive(pressed.click().run())
    alive(study.selectbox(key="study").select("other").run())
    assert button(study, "Move Another study to the trash").key == "delete-other"
    assert "other" in library.names()


def test_a_broken_study_is_tried_once_in_a_moment(home, monkeypatch):
    stored("whole")
    (stored("odd") / store.MANIFEST).write_text("{}")
    monkeypatch.setattr(cache, "moment", lambda: 1)
    told = cache.summaries(["odd", "whole"])["odd"]
    opened = []
    real = library.open_by_name

    def counting(name):
        opened.append(name)
        return real(name)

    monkeypatch.setattr(library, "open_by_name", counting)
    assert cache.summaries(["odd", "whole"])["odd"] == told
    assert cache.listed(["odd"])["odd"] is None and not opened
    monkeypatch.setattr(cache, "moment", lambda: 2)
    assert cache.summaries(["odd"])["odd"] == told and opened == ["odd"]


def test_delete_restore_purge(study):
    alive(button(study, "Move Planted study to the trash").click().run())
    assert (
        "mine" not in library.names() and study.selectbox(key="study").value != "mine"
    )
    alive(button(study, "Restore").click().run())
    assert "mine" in library.names() and not library.trashed()
    alive(study.selectbox(key="study").select("mine").run())
    alive(button(study, "Move Planted study to the trash").click().run())
    assert any("gone for good" in caption.value for caption in study.caption)
    alive(button(study, "Remove for good").click().run())
    assert not library.trashed() and "Restore" not in labels(study)


def test_shipped_studies_cannot_be_changed():
    at = visit(STUDIES, study="bloomz-7.1b", tab="this")
    assert not {
        "Rename",
        "Move BLOOMZ-7.1B to the trash",
        "Prepare download",
        "Go on",
    } & labels(at) and "not changed" in words(at)


def test_download_is_prepared_and_a_damage_since_is_said(study, monkeypatch):
    assert not [
        found
        for found in study.get("download_button")
        if found.label == "Download as one file"
    ]
    alive(button(study, "Prepare download").click().run())
    assert [
        found
        for found in study.get("download_button")
        if found.label == "Download as one file"
    ]

    def damaged(name):
        raise StudyError("half_a is gone.")

    monkeypatch.setattr(library, "pack", damaged)
    alive(button(study, "Prepare download").click().run())
    assert "half_a is gone" in plain(study.error[0].value)


def test_a_study_is_one_html_file_too(monkeypatch):
    """Also one that ships; what cannot be drawn is said, and nothing is drawn before."""
    asked = []

    def made(study, nameless):
        asked.append((study.name, nameless))
        if len(asked) == 2:
            raise FigureError("The file would have 16.0 MB, and 15 MB is the most.")
        return b"<!DOCTYPE html>"

    monkeypatch.setattr(one_file, "made_of_study", made)
    at = visit(STUDIES, study="bloomz-7.1b", tab="this")
    assert not asked
    at.checkbox(key="anonymous-html-bloomz-7.1b").check()
    alive(button(at, "One HTML file").click().run())
    assert asked == [("bloomz-7.1b", True)]
    assert "Download it" in {each.label for each in at.get("download_button")}
    alive(button(at, "One HTML file").click().run())
    assert "15 MB is the most" in plain(at.error[0].value)


def test_a_packed_study_is_added(home):
    stored("mine")
    study = visit(STUDIES, study="mine", tab="add")
    alive(
        study.file_uploader[0]
        .upload("from a friend.babelscope", library.pack("mine"))
        .run()
    )
    assert (
        "from-a-friend" in plain(study.success[0].value)
        and library.open_by_name("from-a-friend").complete
    )
    alive(study.run())
    assert "from-a-friend-2" not in library.names(), "one upload is one study"
    said, shown = everything(visit("pages/transfer.py", study="from-a-friend"))
    assert len(shown) == 3


@pytest.mark.parametrize("harm", ["cut", "text", "empty"])
def test_a_packed_study_that_is_cut_is_refused(home, harm):
    stored("mine")
    study = visit(STUDIES, study="mine", tab="add")
    data = library.pack("mine")
    before = library.names()
    harmed = {"cut": data[: len(data) // 2], "text": b"hello", "empty": b""}[harm]
    alive(study.file_uploader[0].upload("x.babelscope", harmed).run())
    assert "was not added" in plain(study.error[0].value) and library.names() == before


def test_an_unfinished_study_offers_to_go_on():
    stored("half", cells=9)
    at = visit(STUDIES, study="half", tab="this")
    assert "21 cells are missing" in words(at) and "Go on" in labels(at)
    button(at, "Go on").click()
    job = ended(at)
    assert job.state == FAILED and not at.exception, (
        "the planted study has no model to go on with"
    )


def test_a_study_goes_on_where_it_is_told_to(home, monkeypatch):
    stored("half", cells=9)
    at = visit(STUDIES, study="half", tab="this")
    assert "where-go-on" not in {box.key for box in at.selectbox}
    (settings.home() / "clusters.toml").write_text('[gpus]\nkind = "local"\n')
    asked_of = []

    def resumed(where, study):
        asked_of.append((where, study))
        return lambda job, pool: study

    monkeypatch.setattr(studies, "resumed_on_cluster", resumed)
    at = visit(STUDIES, study="half", tab="this")
    place = at.selectbox(key="where-go-on")
    assert place.options == ["This machine", "gpus"]
    place.select("gpus").run()
    button(at, "Go on").click()
    assert ended(at).state == DONE and asked_of == [("gpus", "half")]


def test_who_computes_a_study_and_what_failed_is_said(home, monkeypatch):
    stored("half", cells=9)
    begun = time.time() - 600
    running = Claim("fairness", 0, host="node7", since=begun)
    failed = Claim("truth", 0, error="truth: no memory")
    found = Standing(9, 30, (running,), (failed,), None)
    store.share(store.root() / "half")
    monkeypatch.setattr(standing, "standing", lambda folder: found)
    said = plain(words(visit(STUDIES, study="half", tab="this")))
    assert "fairness is being computed on node7, for 10 min so far." in said
    assert "Failed: truth: no memory" in said


def test_a_damaged_list_of_clusters_is_told_and_this_machine_is_left(home):
    stored("half", cells=9)
    (settings.home() / "clusters.toml").write_text("[gpu")
    at = visit(STUDIES, study="half", tab="this")
    (told,) = [each for each in at.warning if "no TOML" in plain(each.value)]
    assert "this machine alone computes" in told.value and "Go on" in labels(at)


def test_two_studies_side_by_side(home):
    stored("mine")
    stored("other", title=HOSTILE)
    at = visit(STUDIES, study="mine", **{"with": "other", "compared": "similarity"})
    shown = figures(at)
    assert (
        len(shown) == 3
        and "95 % interval (Student's t over 3 concepts)"
        in next(iter(shown.values()))["caption"]
    )
    at = visit(
        STUDIES,
        study="llama2-chat-7b",
        **{"with": "qwen-chat-7b", "compared": "similarity"},
    )
    assert all(
        "Published, Xu et al. 2024, Figure 3" in figure["caption"]
        for figure in figures(at).values()
    )


def test_several_studies_show_their_differences_first(home):
    at = visit(
        STUDIES,
        study="llama2-chat-7b",
        **{"with": ["qwen-chat-7b", "bloomz-7.1b"], "compared": "transfer"},
    )
    shown = list(figures(at))
    assert shown[0] == "LLaMA2-chat-7B minus the others: transferability"
    assert len(shown) == 4, "all at once, then one of them in full"
    assert "Transferability of LLaMA2-chat-7B is 0.18 points above that of" in words(at)
    assert asked(at)["with"] == ["qwen-chat-7b", "bloomz-7.1b"]
    assert asked(at)["tab"] == ["compare"], "the link opens the comparison"


def test_only_studies_that_share_something_are_offered_and_alike_ones_first(home):
    at = visit(STUDIES, study="llama2-chat-7b", tab="compare")
    box = at.multiselect(key="with")
    first = cache.study(box.value[0])
    assert first.kind == "published" and len(box.value) == 1
    assert set(first.languages) & set(cache.study("llama2-chat-7b").languages)
    at = visit(STUDIES, study="gemma-3-270m", tab="compare")
    box = at.multiselect(key="with")
    (other,) = map(cache.study, box.value)
    ours = cache.study("gemma-3-270m")
    assert other.kind == ours.kind
    assert len(set(other.languages) & set(ours.languages)) >= 2


def test_a_study_is_not_compared_with_itself(fresh):
    """A link that asks for it took the page down."""
    query = {"study": "demo", "tab": "compare", "with": "demo"}
    at = visit(STUDIES, **query)
    assert "demo" not in at.multiselect(key="with").value
    assert "The link asks" in words(at)


def test_another_tab_takes_the_comparison_out_of_the_link(home):
    at = visit(
        STUDIES, study="llama2-chat-7b", **{"with": "qwen-chat-7b", "tab": "all"}
    )
    assert "with" not in asked(at) and at.data_editor


def test_a_damaged_study_can_be_compared_with_in_words(home):
    stored("mine")
    cut(stored("broken") / "manifest.json")
    at = visit(STUDIES, study="mine", **{"with": "broken"})
    assert "broken (cannot be opened)" in at.multiselect(key="with").options
    assert any("broken is damaged" in plain(info.value) for info in at.info)


def ended(at):
    """Run the page, wait for its newest job, run it again; returns the job."""
    alive(at.run())
    job = next(reversed(cache.service().jobs.values()))
    assert job.finished.wait(120)
    alive(at.run())
    return job


PAIRS = Corpus(
    "kind words",
    tuple(
        ContrastPair(
            str(i),
            concept,
            language,
            f"{concept} {language} good {i}",
            f"{concept} {language} bad {i}",
        )
        for concept in ("kindness", "truth")
        for language in ("en", "fr", "zh")
        for i in range(12)
    ),
)
FAULTS = (
    b"pair,concept,language,positive,negative\n1,a,en,x,x\n2,a,xx,x,y\n3,,en,x,y\n"
    + b"4,a,en,,y\n5,a,fr,same,same\n" * 4
)


def with_corpus(data: bytes, name: str = "pairs.csv", model: str = "tiny"):
    """The Extract page with a corpus uploaded and a model chosen."""
    at = visit(EXTRACT)
    at.button_group(key="draft-origin").set_value("a file").run()
    alive(at.file_uploader(key="draft-file").upload(name, data).run())
    at.selectbox(key="draft-model").select(
        model
        if model in at.selectbox(key="draft-model").options
        else "another, by hub id"
    )
    alive(at.run())
    if at.selectbox(key="draft-model").value == "another, by hub id":
        at.text_input(key="draft-hub").set_value("someone/tiny")
    return alive(at.run())


def test_a_corpus_with_faults_shows_all_of_them(home):
    at = with_corpus(FAULTS, model="demo")
    with pytest.raises(CorpusError) as error:
        read_corpus(FAULTS, "pairs.csv")
    assert len(error.value.faults) > 10
    count = f"All {len(error.value.faults)} faults"
    assert "was not loaded" in plain(at.error[0].value) and any(
        count in expander.label for expander in at.expander
    )
    assert at.text[0].value == "\n".join(error.value.faults)
    assert "Start" not in labels(at), "nothing to start with"


def test_a_single_fault_is_told_once(home):
    at = with_corpus(to_csv(PAIRS).encode() + b"9,fairness\n", model="demo")
    assert "1 fault" in plain(at.error[0].value)
    assert "has 2 cells" in plain(at.error[0].value) and not at.text


@pytest.mark.parametrize("model", ["not an id", "../../etc", "<img src=x>"])
def test_a_hub_id_that_is_none_is_a_sentence(home, model):
    at = with_corpus(to_csv(PAIRS).encode(), model="another, by hub id")
    alive(at.text_input(key="draft-hub").set_value(model).run())
    for action in ("Check", "Start"):
        button(at, action).click()
        job = ended(at)
        assert job.state == FAILED and "neither a hub id" in job.error
        assert "neither a hub id" in plain(
            at.error[0].value
        ) and "<img" not in at.error[0].value.replace("\\<", "")


def test_how_long_it_takes_is_told_before_it_begins(home):
    at = with_corpus(to_csv(PAIRS).encode(), model="demo")
    button(at, "How long?").click()
    assert ended(at).state == DONE
    (told,) = [metric for metric in at.metric if "Reading takes" in metric.label]
    assert told.value.endswith((" s", " min")) and "tokens at" in words(at)


def typed(at, *rows):
    """The Extract page with pairs typed into its table."""
    at.session_state["draft-typed"] = {
        "edited_rows": {},
        "added_rows": [dict(zip(COLUMNS, row)) for row in rows],
        "deleted_rows": [],
    }
    return alive(at.run())


def test_pairs_are_typed_kept_and_checked_as_those_of_files(home):
    at = visit(EXTRACT)
    alive(at.button_group(key="draft-origin").set_value("typed here").run())
    assert "Type a first pair" in words(at)
    rows = [
        ("Finnish", "kindness", f"hyvä teko {i}", f"paha teko {i}") for i in range(12)
    ]
    typed(at, *rows)
    assert "12 contrast pairs chosen" in words(at)
    (chosen,) = [box for box in at.multiselect if box.label == "Languages"]
    assert chosen.value == ["fi"]
    typed(at, *rows, ("Klingonese", "kindness", "a", "b"))
    assert any("Klingonese" in plain(each.value) for each in at.error)
    assert len(at.session_state[typed_pairs.KEPT]) == 13, "nothing is lost"


def test_held_out_pairs_are_told_by_language_before_the_start(home):
    at = with_corpus(to_csv(PAIRS).encode(), model="demo")
    assert "Held out: 24 pairs a language." in words(at), "two concepts of 12, in folds"
    tables = [table.value for table in at.dataframe]
    (told,) = [table for table in tables if can_show.HELD_OUT in table]
    assert list(told[can_show.HELD_OUT]) == [24, 24, 24]
    assert told.columns[-2] == "95 % interval at 70 % right"


def test_a_new_study_begins_where_it_is_told_to(home, monkeypatch):
    (settings.home() / "clusters.toml").write_text('[gpus]\nkind = "local"\n')
    asked_of = []

    def extracted(where, spec, corpus, title, facts):
        asked_of.append((where, spec.model.model, corpus.digest))
        return lambda job, pool: title

    monkeypatch.setattr(form, "extracted_on_cluster", extracted)
    at = with_corpus(to_csv(PAIRS).encode(), model="demo")
    alive(at.selectbox(key="where-extract").select("gpus").run())
    assert any("--cluster gpus" in each.value for each in at.code)
    button(at, "Start").click()
    assert ended(at).state == DONE
    assert asked_of == [("gpus", "demo", PAIRS.digest)]


def test_without_a_model_nothing_can_be_started(home):
    at = with_corpus(to_csv(PAIRS).encode(), model="another, by hub id")
    alive(at.text_input(key="draft-hub").set_value("").run())
    assert not {"Check", "Start"} & labels(at)


def test_nothing_chosen_is_a_hint_and_cannot_be_started(home):
    at = with_corpus(to_csv(PAIRS).encode())
    alive(at.multiselect(key=f"draft-languages-{PAIRS.digest}").set_value([]).run())
    assert "Choose at least one concept and one language" in words(
        at
    ) and "Start" not in labels(at)


def test_start_is_off_while_a_job_lives_and_stop_ends_it(
    home, in_this_process, monkeypatch
):
    going, end = threading.Event(), threading.Event()

    def fake(*given):
        def slow(job, pool):
            job.notices.append("One worker lacks the model.")
            going.set()
            while not end.wait(0.01):
                job.progress(3, 12, "vector · <b>![x](http://evil.example)")

        return slow

    monkeypatch.setattr(extraction, "extract_study", fake)
    at = with_corpus(to_csv(PAIRS).encode())
    assert {"Check", "Start"} <= labels(at)
    alive(button(at, "Start").click().run())
    assert going.wait(30)
    alive(at.run())
    assert not {"Check", "Start"} & labels(at) and "Stop" in labels(at)
    assert (
        "3 of 12" in plain(at.get("progress")[0].proto.text)
        and "![" not in at.get("progress")[0].proto.text
    )
    assert "One worker lacks the model." in words(at)
    assert "Go on" not in labels(visit(STUDIES))
    job = next(iter(cache.service().jobs.values()))
    assert job.state == RUNNING
    button(at, "Stop").click().run()
    assert job.finished.wait(30) and job.state == STOPPED
    alive(at.run())
    assert "Stopped" in at.warning[0].value and {"Check", "Start"} <= labels(at)


def test_a_job_that_waits_says_so_and_stops_at_once(home, in_this_process):
    service, end = cache.service(), threading.Event()
    first = service.submit("somebody else", "long", lambda job, pool: end.wait(60))
    at = with_corpus(to_csv(PAIRS).encode())
    alive(button(at, "Start").click().run())
    assert "Waiting: 1 job before this one." in at.get("progress")[0].proto.text
    alive(button(at, "Stop").click().run())
    waiting = next(reversed(service.jobs.values()))
    assert waiting.state == STOPPED and first.live
    end.set()


def test_a_study_of_a_real_model_from_start_to_figures(home, monkeypatch):
    from tests.tiny import save

    save(home / "models" / "tiny", "llama")
    monkeypatch.setenv("BABELSCOPE_MODELS", str(home / "models"))
    at = with_corpus(to_csv(PAIRS).encode())
    assert at.selectbox(
        key="draft-model"
    ).value == "tiny" and "72 contrast pairs chosen" in words(at)
    button(at, "Check").click()
    assert ended(at).state == DONE
    assert "3 layers × 32" in {
        metric.proto.delta for metric in at.metric
    } and "What is read" in words(at)
    button(at, "Start").click()
    job = ended(at)
    assert job.state == DONE and asked(at)["study"] == [job.result]
    assert [title.value for title in at.title] == ["Overview"], "the new study opens"
    assert library.open_by_name(job.result).complete
    for page, count in (
        ("pages/recognition.py", 3),
        ("pages/similarity.py", 4),
        ("pages/transfer.py", 1),
    ):
        said, shown = everything(visit(page, study=job.result))
        assert len(shown) >= count and all(
            "Computed by Babelscope from tiny." in figure["caption"]
            for figure in shown.values()
        )
    at = with_corpus(to_csv(PAIRS).encode())
    button(at, "Start").click()
    assert "complete already" in ended(at).error, (
        "the same once more is refused in words"
    )
