"""The Alignment page without a browser: published, planted, few, missing and hostile
words; and the form that embeds words.
"""

import pytest

from analysis.study import library
from analysis.study.word_list import WordList
from analysis.worker.service import DONE
from components.figures.text import DEMO_NOTE
from components.frame import cache, jobs
from components.views import alignment as view
from tests.planted_words import EMBEDDED, planted_vectors, stored_words, word_list
from tests.stored import HOSTILE, stored
from tests.visits import (
    alive,
    asked,
    button,
    everything,
    figures,
    heat_map,
    plain,
    tabs,
    visit,
    words,
)

pytestmark = pytest.mark.usefixtures("fresh")

PAGE = "pages/alignment.py"
SPELLED = "Words found in English at the first try (P@1)"


@pytest.fixture
def planted(home):
    """Languages that are rotations of one another, in the store."""
    given = word_list()
    return stored_words("planted", given, planted_vectors(given))


def test_every_figure_says_number_interval_and_chance(planted):
    at = visit(PAGE, study="planted")
    assert list(figures(at))[:1] == [SPELLED]
    assert len(figures(at)) == 2, "the answer, and what the open tab shows"
    said, shown = everything(at)
    assert len(shown) == 8 and not at.error and not at.warning
    assert (
        "brings the spaces together: 100 % of words find their translation into English"
        in said
    )
    for title, pattern in {
        SPELLED: (
            "n = 30 test words",
            "95 % intervals (Wilson, over test words)",
            "seen the answers",
            "of the words",
        ),
        "P@1 over layers, mean over languages": (
            "Mean over 2 languages",
            "chance 0.033",
            "95 %",
        ),
        "P@1 between every two languages, after": (
            "n = 30",
            "chance 0.033",
            "Click a cell",
        ),
        "P@1 after the map, by how words are read": ("last token 1.000", "chance"),
        "P@1 by number of seed pairs, mean over languages": ("n = 30", "chance 0.033"),
        "P@1 of abstract and physical words, after the map: plain": (
            "abstract",
            "physical",
            "95 % intervals",
        ),
        "fr and en before the map": ("90 words of each language", "of the variance"),
    }.items():
        assert all(part in shown[title]["caption"] for part in pattern), (
            title,
            shown[title]["caption"],
        )
        assert "Computed by Babelscope from planted/model." in shown[title]["caption"]
    bars = {
        trace["name"]: trace for trace in shown[SPELLED]["data"] if trace.get("name")
    }
    assert set(bars) == {"before", "after", "ceiling", "cross-validated ceiling"}
    assert "Spearman" in said and "shuffled" in said


def test_choices_change_the_figures_and_are_in_the_link(planted):
    query = {
        "into": "zh",
        "layer": "1",
        "map": "ridge",
        "criterion": "cosine",
        "pool": "all words",
    }
    query |= {"embedding": EMBEDDED[1], "seeds": "20"}
    names = (
        visit(PAGE, study="planted", tab="words", **{"from": "fr", "into": "zh"})
        .selectbox(key="word")
        .options
    )
    word = names[3].split(" → ")[0].replace("fr", "word ")
    found = {}
    for tab in (
        {"tab": "kinds", "control": "down-sampled"},
        {"tab": "pairs", "stage": "before"},
        {"tab": "words", "from": "fr", "word": word},
    ):
        at = visit(PAGE, study="planted", **query, **tab)
        for key, value in (query | tab).items():
            assert asked(at)[key] == [value] and at.session_state[key] == value
        found |= figures(at)
    caption = found["Words found in Chinese at the first try (P@1)"]["caption"]
    assert (
        "layer 1; cosine; ridge map of at most 20 seed pairs; candidates are all words"
        in caption
    )
    assert "P@1 between every two languages, before" in found
    assert any(title.endswith("down-sampled") for title in found)


def test_a_word_is_inspected(planted):
    at = visit(PAGE, study="planted", tab="words")
    concept = at.selectbox(key="word").options[4].split(" → ")[0].replace("fr", "word ")
    alive(at.selectbox(key="word").select(concept).run())
    assert asked(at)["word"] == [
        concept
    ] and "Before: rank of the right answer" in words(at).replace("**", "")
    assert "After: rank of the right answer 1" in words(at).replace("**", "")


def test_a_large_study_is_computed_by_a_job_on_demand(planted, monkeypatch):
    monkeypatch.setattr(view, "MANY_WORDS", 10)
    at = visit(PAGE, study="planted")
    assert not figures(at)
    offered = []
    for each in tabs(visit(PAGE, study="planted")):
        offered += [one.label for one in each.button if one.help == jobs.LONG]
    assert len(set(offered)) == 9, "the answer and all tabs but two that share one"
    button(at, offered[0]).click()
    alive(at.run())
    newest = list(cache.service().jobs.values())[-1]
    assert newest.finished.wait(60) and newest.state == DONE, newest.error
    assert list(figures(alive(at.run()))) == [SPELLED]
    assert (
        len(figures(visit(PAGE, study="planted", map="ridge"))) == 0
    )  # other settings are another computation


@pytest.mark.parametrize(
    "name", ["words-llama2-13b", "words-aya101", "words-mt0-large"]
)
def test_published_settings_in_the_same_views(name):
    at = visit(PAGE, study=name)
    _, shown = everything(at)
    assert len(shown) == 4 and not at.error and SPELLED in shown
    assert all(
        "Published, Peng & Søgaard 2024, Tables 5 to 24." in figure["caption"]
        for figure in shown.values()
    )
    grid = heat_map(shown["P@1 of all twenty published settings, after"])["z"]
    assert grid["shape"] == "20, 6"
    assert (
        "at most what words spelled as in English" in shown[SPELLED]["caption"]
        and "419 abstract, 419 physical"
        in shown["P@1 of abstract and physical words, after the map: down-sampled"][
            "caption"
        ]
    )
    seeds = shown["P@1 by number of seed pairs, mean over languages"]["caption"]
    assert (
        "3,000 seed pairs" in shown[SPELLED]["caption"]
        and "orthogonal map; whether" in seeds
        and "3,000" not in seeds
    )
    for page in (
        "app.py",
        "pages/recognition.py",
        "pages/similarity.py",
        "pages/transfer.py",
        "pages/studies.py",
    ):
        assert not visit(page, study=name).error
    told = words(visit("app.py", study=name))
    assert (
        "Tables 5 to 24 of the paper: words" in told
        and "1,397 test words" in told
        and "recognition matrix" not in told
    )


@pytest.mark.skipif(
    not library.open_by_name("demo").embeddings,
    reason="the demo study is made by `make demo`",
)
def test_the_demo_study_has_words():
    _, shown = everything(visit(PAGE, study="demo"))
    assert len(shown) == 8 and all(
        DEMO_NOTE in figure["caption"] for figure in shown.values()
    )


def test_studies_without_words_show_ranks_of_their_concepts_and_how_to_get_words(home):
    stored("pairs")
    at = visit(PAGE, study="pairs")
    shown = figures(at)
    assert (
        "3 concept vectors"
        in shown["Mean rank of the right concept among all, by cosine"]["caption"]
    )
    assert "guessing gives 2.0" in next(iter(shown.values()))[
        "caption"
    ] and "ranks by cosine" in words(at)
    assert at.multiselect and "204 concepts" in words(at), (
        "the form offers the demo's words"
    )
    few = word_list(8)
    stored_words("few", few, planted_vectors(few))
    assert (
        "8 words" in next(iter(figures(visit(PAGE, study="few")).values()))["caption"]
    )
    at = visit(PAGE, study="llama2-chat-7b")
    assert "has no words, sentences or concept vectors" in words(at)
    assert [each.label for each in at.button if each.label.startswith("Open with")]
    read = words(at)
    assert read.index("Here you would see") < read.index("204 concepts"), (
        "what is lacking is said before the form that gets it"
    )


def test_seeds_that_are_too_few_for_the_map_are_said(home):
    given = word_list()
    stored_words("wide", given, planted_vectors(given, hidden=100))
    at = visit(PAGE, study="wide")
    assert "60 seed pairs for 100 dimensions" in words(at) and figures(at)
    assert "60 seed pairs for 100" not in words(visit(PAGE, study="wide", map="ridge"))


def test_an_unfinished_study_shows_what_there_is(home):
    given = word_list()
    stored_words("begun", given, planted_vectors(given), cells=1)
    at = visit(PAGE, study="begun")
    assert "1 language so far" in plain(at.info[0].value) and not figures(at)


def test_hostile_words_and_titles_stay_text(home):
    given = word_list()
    hostile = WordList(
        "h",
        given.languages,
        (HOSTILE, *given.concepts[1:]),
        ((HOSTILE, *given.spellings[0][1:]), *given.spellings[1:]),
    )
    stored_words("hostile", hostile, planted_vectors(hostile), title=HOSTILE)
    at = visit(PAGE, study="hostile")
    assert figures(at)
    for node in at.main:
        if node.type in ("markdown", "caption", "info", "subheader"):
            assert "![x](" not in str(node.value) and "<img" not in str(
                node.value
            ).replace("\\<", "")


def test_words_are_embedded_from_the_page(home, monkeypatch):
    from tests.tiny import save

    save(home / "models" / "tiny", "llama")
    monkeypatch.setenv("BABELSCOPE_MODELS", str(home / "models"))
    at = visit(PAGE, study="llama2-chat-7b")
    at.button_group(key="words-origin").set_value("a file").run()
    table = "concept,en,fr\n" + "".join(f"c{i},word{i},mot{i}\n" for i in range(30))
    alive(at.file_uploader(key="words-file").upload("mine.csv", table.encode()).run())
    assert "30 concepts" in words(at)
    alive(at.selectbox(key="draft-model").select("tiny").run())
    assert any("babelscope words mine" in code.value for code in at.code)
    alive(button(at, "Embed").click().run())
    job = next(reversed(cache.service().jobs.values()))
    assert job.finished.wait(120) and job.state == DONE, job.error
    alive(at.run())
    link = next(link.proto for link in at.main if link.type == "page_link")
    assert f"study={job.result}" in link.query_string
    assert SPELLED in figures(visit(PAGE, study=job.result))


def test_a_bad_file_lists_its_faults(home):
    at = visit(PAGE, study="llama2-chat-7b")
    at.button_group(key="words-origin").set_value("a file").run()
    alive(
        at.file_uploader(key="words-file")
        .upload("bad.csv", b"concept,en,meaning\na,b,c\n")
        .run()
    )
    assert "neither a language nor" in plain(at.error[0].value) and not [
        b for b in at.button if b.label == "Embed"
    ]


def test_answers_of_the_playground_are_no_news_here(planted, in_this_process):
    at = visit(PAGE, study="planted")
    at.session_state["session"] = "me"
    for lease, told in ((9.0, False), (0.0, True)):
        job = cache.service().submit("me", "Something", lambda job, pool: None, lease)
        assert job.finished.wait(20)
        assert ("Something: done" in words(alive(at.run()))) == told


def test_words_of_two_studies_are_compared_by_stage():
    at = visit(
        "pages/studies.py",
        study="words-llama2-13b",
        **{"with": "words-aya101", "compared": "alignment"},
    )
    difference, one, other = figures(at).values()
    assert "6 common languages" in difference["caption"] and not at.error
    assert heat_map(one)["z"]["shape"] == heat_map(other)["z"]["shape"] == "5, 6"
