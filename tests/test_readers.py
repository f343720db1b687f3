"""Reading contrast pairs: the project's own format and the hub, every fault at once."""

import json
import sys
import types

import pytest

from analysis.concepts.pair_readers import (
    READERS,
    hub_dataset,
    papers_layout,
    papers_zip,
    read_corpus,
)
from analysis.core import settings
from analysis.core.errors import CorpusError

HEADER = "pair,concept,language,positive,negative,source,split\n"


def faults_of(function, *arguments) -> tuple[str, ...]:
    """The faults a reader finds; fails when it finds none."""
    with pytest.raises(CorpusError) as caught:
        function(*arguments)
    return caught.value.faults


def found(faults, place, words) -> bool:
    """Whether a fault at this place says these words."""
    return any(fault.startswith(f"{place}: ") and words in fault for fault in faults)


def jsonl(*rows) -> bytes:
    return "\n".join(
        row if isinstance(row, str) else json.dumps(row, ensure_ascii=False)
        for row in rows
    ).encode()


def row(pair="1", language="en", **changes) -> dict:
    return {
        "pair": pair,
        "concept": "fair",
        "language": language,
        "positive": "good",
        "negative": "bad",
    } | changes


def test_csv_and_json_lines_give_the_same_corpus():
    rows = [
        row(1, "en", source="a"),
        row(1, "fr", positive="bon\u2028jour", negative='mal, "dit"\nici'),
        row("x2", "fr", split=None),
    ]
    table = (
        "\ufeffpair,concept,language,positive,negative,source\n1,fair,en,good,bad,a\n"
        '1,fair,fr,bon\u2028jour,"mal, ""dit""\nici",\n\n x2,fair,fr,good,bad,\n'
    )
    one, other = (
        read_corpus(b"\xef\xbb\xbf" + jsonl(*rows, ""), "dir/pairs.jsonl"),
        read_corpus(table.encode(), "C:\\x\\pairs.csv"),
    )
    assert (
        one.pairs == other.pairs
        and one.digest == other.digest
        and one.name == other.name == "pairs"
    )
    assert one.pairs[0].pair == "1" and one.pairs[1].positive == "bon\u2028jour"


def test_missing_translations_are_noted_and_kept():
    corpus = read_corpus(
        jsonl(row(1), row(2), row(1, "fr"), row(2, "fr"), row(3, "fr")), "p.jsonl"
    )
    assert len(corpus.pairs) == 5 and corpus.missing() == {("fair", "en"): ["3"]}
    assert corpus.notes == (
        "fair: 1 of 3 pairs are missing in some language (en 1); they are kept elsewhere.",
    )


def test_white_space_at_the_end_is_noted():
    corpus = read_corpus(jsonl(row(positive="good ")), "p.jsonl")
    assert (
        corpus.pairs[0].positive == "good " and "white space (en 1)" in corpus.notes[0]
    )


EVERY_FAULT = b"\n".join(
    [
        jsonl(row()),
        jsonl('{"pair": "2", '),
        jsonl(row(3, "englsh")),
        jsonl(row(4, positive="  ")),
        jsonl(row(5, positive="same", negative=" same ")),
        jsonl(row(1)),
        jsonl(row(7, split="trian")),
        jsonl({k: v for k, v in row(8).items() if k != "negative"} | {"negatve": "x"}),
        jsonl(row(9, positive=3.5)),
        jsonl(
            '{"pair": NaN, "concept": "fair", "language": "en", "positive": "a", "negative": "b"}'
        ),
        jsonl("[" * 100_000),
        jsonl('["a", "list"]'),
        jsonl(row(13)).replace(b"good", b"g\xe9od"),
        jsonl(row(14, split="train")),
        jsonl(row(14, "fr", split="test")),
        jsonl('{"pair": "16", "pair": "17"}'),
        jsonl(row(True)),
        json.dumps(row(18, positive="\ud800")).encode(),
        jsonl(row(19, language=None, source=[1])),
        jsonl(row(4)),
        jsonl("9" * 5000),
    ]
)
EXPECTED = {
    2: "not JSON",
    3: "unknown language “englsh”. Did you mean “en”",
    4: "“positive” is empty",
    5: "the same text",
    6: "pair “1” of fair in en is there already (p.jsonl, line 1)",
    7: "unknown split “trian”. Did you mean “train”",
    8: "no “negative”",
    9: "“positive” must be text, not 3.5",
    10: "NaN is not a finite number",
    11: "nested too deep",
    12: "instead of an object",
    13: "(0xE9) is not UTF-8",
    15: "the split of pair “14” of fair is “test” here, “train” in p.jsonl, line 14",
    16: "the key “pair” is there twice",
    17: "“pair” must be text, not True",
    18: "half a character",
    19: "“language” must be text, not None",
    20: "pair “4” of fair in en is there already (p.jsonl, line 4)",
    21: "digits",
}


def test_every_fault_of_json_lines_at_once():
    faults = faults_of(read_corpus, EVERY_FAULT, "p.jsonl")
    for line, words in EXPECTED.items():
        assert found(faults, f"p.jsonl, line {line}", words), (line, words, faults)
    assert found(
        faults, "p.jsonl, line 8", "unknown column “negatve”. Did you mean “negative”"
    )
    assert found(faults, "p.jsonl, line 19", "“source” must be text, not a list")
    assert len(faults) == len(EXPECTED) + 2
    lines = [int(fault.split("line ")[1].split(":")[0]) for fault in faults]
    assert lines == sorted(lines)


def test_the_message_counts_and_quotes_the_first_faults():
    with pytest.raises(
        CorpusError,
        match=r"“p” was not loaded: 5 faults\. p\.jsonl, line 1: .*line 3: .* and 2 more",
    ):
        read_corpus(jsonl(*["x"] * 5), "p.jsonl")


def test_every_fault_of_a_csv_at_once():
    text = (
        "pair,concept,langauge,positive,negative,split\n"
        '1,fair,en,good,"bad\nworse",\n'
        "2,fair,en,good\n"
        '3,fair,en,"go"od,bad,\n'
        "4,fair,en,same,same,\n"
        "5,fair,en,,bad,tset\n"
        '6,fair,en,"never closed,bad,\n'
    )
    faults = faults_of(read_corpus, text.encode(), "p.csv")
    expected = [
        (1, "unknown column “langauge”. Did you mean “language”"),
        (1, "no column “language”"),
        (4, "has 4 cells, the header has 6"),
        (5, "quote"),
        (6, "the same text"),
        (7, "“positive” is empty"),
        (7, "unknown split “tset”"),
        (8, "quote"),
    ]
    for line, words in expected:
        assert found(faults, f"p.csv, line {line}", words), (line, words, faults)
    assert len(faults) == len(expected)


@pytest.mark.parametrize(
    ("data", "filename", "words"),
    [
        (b"", "p.csv", "holds no pairs"),
        (HEADER.encode(), "p.csv", "holds no pairs"),
        (HEADER.encode("utf-16-le"), "p.csv", "UTF-16 without a byte order mark"),
        (HEADER.encode("utf-16-be"), "p.csv", "UTF-16 without a byte order mark"),
        (HEADER.encode("utf-16")[:-1], "p.csv", "damaged UTF-16"),
        (b"[{}]", "p.jsonl", "one object per line"),
        (
            HEADER.replace("source", "pair").encode() + b"1,a,en,b,c,2,\n",
            "p.csv",
            "“pair” is there twice",
        ),
    ],
)
def test_files_that_are_no_corpus(data, filename, words):
    (fault,) = faults_of(read_corpus, data, filename)
    assert words in fault


def test_an_unknown_ending_names_the_nearest():
    with pytest.raises(CorpusError, match="Did you mean “.jsonl”"):
        read_corpus(b"x", "pairs.jsonlines")


def test_files_beyond_the_limit_are_not_read(monkeypatch, tmp_path):
    monkeypatch.setattr(settings, "MAX_CORPUS_BYTES", 100)
    (tmp_path / "large.json").write_bytes(b"x" * 101)
    long = HEADER.encode() * 3
    for faults in (
        faults_of(read_corpus, long, "p.csv"),
        faults_of(read_corpus, long, "p.zip"),
        faults_of(papers_layout, tmp_path),
    ):
        assert "100 are allowed" in faults[0]


class Part(list):
    """One split of a data set, as the library gives it."""

    @property
    def column_names(self):
        return list(self[0])


def fake_hub(monkeypatch, answer):
    """A library ``datasets`` that answers every request alike and records it."""
    asked = []

    def load_dataset(*given, **named):
        asked.append((given, named))
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setitem(
        sys.modules, "datasets", types.SimpleNamespace(load_dataset=load_dataset)
    )
    return asked


def test_a_hub_data_set_that_fails_names_no_folder_of_the_server(monkeypatch):
    fault = OSError(28, "No space left on device", "/srv/private cache/train.arrow")
    fake_hub(monkeypatch, fault)
    with pytest.raises(CorpusError) as error:
        hub_dataset("someone/values")
    assert "private" not in str(error.value)
    assert "train.arrow" in str(error.value)


def test_a_hub_data_set_with_its_splits(monkeypatch):
    asked = fake_hub(
        monkeypatch, {"train": Part([row(1), row(1, "fr")]), "test": Part([row(2)])}
    )
    corpus = hub_dataset("someone/values", revision="abc")
    assert asked == [(("someone/values",), {"name": None, "revision": "abc"})]
    assert [(pair.pair, pair.split) for pair in corpus.pairs] == [
        ("1", "train"),
        ("1", "train"),
        ("2", "test"),
    ]
    assert corpus.name == "someone/values"


def test_a_lone_hub_split_is_no_split(monkeypatch):
    fake_hub(monkeypatch, {"train": Part([row(1)])})
    assert hub_dataset("someone/values").pairs[0].split == ""
    fake_hub(monkeypatch, Part([row(1, split="test")]))
    assert hub_dataset("someone/values").pairs[0].split == "test"


def test_faults_of_a_hub_data_set(monkeypatch):
    rows = [
        {key: value for key, value in row(i, text="x").items() if key != "positive"}
        for i in range(3)
    ]
    fake_hub(
        monkeypatch, {"train": Part([*rows[:2], rows[2] | {"language": "Frensh"}])}
    )
    faults = faults_of(hub_dataset, "someone/values")
    assert len(faults) == 3 and found(
        faults, "someone/values, train", "no column “positive”"
    )
    assert found(faults, "someone/values, train", "unknown column “text”")
    assert found(faults, "someone/values, train, row 3", "Did you mean “fr”")


def test_a_hub_that_cannot_be_reached_or_is_not_installed(monkeypatch):
    fake_hub(monkeypatch, OSError("no such data set"))
    with pytest.raises(
        CorpusError, match=r"“a/b” could not be loaded \(no such data set\)"
    ):
        hub_dataset("a/b")
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(CorpusError, match="pip install datasets"):
        hub_dataset("a/b")


def test_every_reader_is_documented():
    assert set(READERS.values()) == {
        read_corpus,
        papers_layout,
        papers_zip,
        hub_dataset,
    }
    assert all(reader.__doc__ for reader in READERS.values())
