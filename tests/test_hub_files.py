"""Data sets of the hub: listed, chosen by configuration and split, fetched, read."""

import pytest

from analysis.concepts.pair_readers import read_corpus
from analysis.core import settings
from analysis.core.errors import CorpusError, SpecError
from analysis.questions.questions import read_questions
from analysis.tables.hub_files import listing_of, table_at, table_of
from babelscope.inputs import pairs_of, questions_of
from tests import tables_of as made
from tests.uploading import EXTRACT
from tests.visits import alive, button, visit, words

SIB = {
    f"data/{code}/{split}.tsv": made.sib(
        code[:2], [(n, ("sports", "travel")[n % 2]) for n in numbers]
    )
    for code in ("eng_Latn", "swh_Latn")
    for split, numbers in (("train", range(8)), ("test", range(8, 12)))
}


@pytest.fixture
def sib(hub):
    """The hub with a small SIB-200."""
    files = {**SIB, "README.md": b"# SIB", ".gitattributes": b"", "sib.py": b"1/0"}
    hub.publish("Davlan/sib200", files)
    return hub


def test_a_data_set_is_listed_by_its_folders(sib):
    listing = listing_of("Davlan/sib200")
    assert listing.configurations == ("eng_Latn", "swh_Latn")
    assert set(listing.splits) == {"train", "test"} and len(listing.commit) == 40
    table = table_of(listing, ["swh_Latn"], ["test"])
    assert [file.path for file in table.files] == ["data/swh_Latn/test.tsv"]


def test_it_is_fetched_and_read(sib):
    table = table_of(listing_of("Davlan/sib200"), [], [])
    corpus = read_corpus(table.getvalue(), table.name)
    assert corpus.languages == ("en", "sw") and len(corpus.pairs) == 24
    assert {pair.split for pair in corpus.pairs} == {"train", "test"}
    sib.log.clear()
    table.getvalue()
    assert not sib.fetched("Davlan/sib200"), "from the cache"


def test_the_command_takes_an_address(sib):
    corpus = pairs_of("hub:Davlan/sib200:eng_Latn,swh_Latn:train")
    assert corpus.name == "sib200" and len(corpus.pairs) == 16
    with pytest.raises(SpecError, match="no “tst”. Did you mean “test”"):
        table_at("hub:Davlan/sib200::tst")
    with pytest.raises(SpecError, match="no address of a data set"):
        table_at("hub:")


CARD = {
    "configs": [
        {
            "config_name": "FR_FR",
            "data_files": [{"split": "test", "path": "test/mmlu_FR-FR.csv"}],
        },
        {"config_name": "SW_KE", "data_files": "test/*SW-KE.csv"},
        "nonsense",
    ]
}


def test_a_card_names_configurations(hub):
    rows = [made.MMMLU, made.MMMLU | {"Question": "Et ?"}]
    data = made.csv_of(rows)
    hub.publish(
        "openai/MMMLU", {f"test/mmlu_{c}.csv": data for c in ("FR-FR", "SW-KE")}
    )
    hub.cards["openai/MMMLU"] = CARD
    listing = listing_of("openai/MMMLU")
    assert listing.configurations == ("FR_FR", "SW_KE") and listing.splits == ("test",)
    asked = questions_of("hub:openai/MMMLU")
    assert asked.languages == ("fr", "sw") and len(asked.questions) == 4


def test_parts_of_a_table_count_on(hub):
    files = {
        f"fr/test-0000{n}-of-00002.parquet": made.parquet_of([made.MMMLU] * 2)
        for n in (0, 1)
    }
    hub.publish("someone/parts", files)
    table = table_of(listing_of("someone/parts"), [], ["test"])
    asked = read_questions(table.getvalue(), table.name)
    assert [q.item for q in asked.questions] == ["1", "2", "3", "4"]


def test_what_cannot_be_had_is_a_sentence(hub, monkeypatch):
    hub.publish("someone/script", {"load.py": b"1/0", "README.md": b"x"})
    with pytest.raises(CorpusError, match="has no file of tables"):
        listing_of("someone/script")
    with pytest.raises(CorpusError, match="has no data set “no/where”"):
        listing_of("no/where")
    with pytest.raises(CorpusError, match="no such revision"):
        listing_of("someone/script", "v9")
    with pytest.raises(SpecError, match="no id of the hub"):
        listing_of("../etc")
    hub.publish("someone/gated", {"a.csv": made.csv_of(made.PAIRS)})
    hub.gated["someone/gated"] = "secret"
    with pytest.raises(CorpusError, match="is gated"):
        pairs_of("hub:someone/gated")
    monkeypatch.setattr(settings, "MAX_CORPUS_BYTES", 10)
    with pytest.raises(SpecError, match="10 bytes can be read at once"):
        table_of(listing_of("someone/gated"), [], [])


def test_the_page_fetches_on_a_click(sib, home):
    at = visit(EXTRACT)
    alive(at.button_group(key="draft-origin").set_value("the hub").run())
    alive(at.selectbox(key="draft-hub-set-dataset").set_value("Davlan/sib200").run())
    key = "draft-hub-set-Davlan/sib200"
    assert "Seven topics as concepts" in words(at)
    chosen = at.multiselect(key=f"{key}-configurations")
    alive(chosen.set_value(["eng_Latn", "swh_Latn"]).run())
    alive(at.multiselect(key=f"{key}-splits").set_value(["train", "test"]).run())
    assert "contrast pairs chosen" not in words(at)
    alive(button(at, "Fetch").click().run())
    assert "24 contrast pairs chosen" in words(at)
    assert "Read as SIB-200 (recognised by its columns)." in words(at)


def test_prompts_come_from_the_hub_too(hub, home):
    rows = [made.MULTIJAIL | {"id": n, "en": f"tell {n}"} for n in range(4)]
    hub.publish("DAMO-NLP-SG/MultiJail", {"data/train.csv": made.csv_of(rows)})
    at = visit("pages/control.py", study="demo")
    alive(at.selectbox(key="run-prompts").set_value("a data set of the hub").run())
    chosen = at.selectbox(key="run-hub-set-dataset")
    alive(chosen.set_value("DAMO-NLP-SG/MultiJail").run())
    alive(button(at, "Fetch").click().run())
    assert "Read as MultiJail (recognised by its columns)." in words(at)
