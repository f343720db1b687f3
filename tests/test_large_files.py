"""Files of very many rows: read in blocks, small in memory, stopped when asked, told in bounds."""

import cProfile
import hashlib
import io
import json
import pstats
import re
import time
import tracemalloc
from dataclasses import asdict
from functools import partial
from random import Random

import pytest

from analysis.concepts.pair_readers import read_corpus
from analysis.concepts.pairs import ContrastPair, Corpus
from analysis.control.prompts import Prompt, PromptSet
from analysis.control.prompts import read as read_prompts
from analysis.core import large_json
from analysis.core.errors import CorpusError, Stopped
from analysis.core.faults import MOST_KINDS, MOST_OF_A_KIND, Faults
from analysis.core.places import NONE, EarlierRows, Places
from analysis.core.table_files import (
    BLOCK,
    DECODER,
    MOST_COLUMNS,
    csv_rows,
    json_rows,
    natural_key,
    parse_json,
)
from analysis.core.turns import AT_ONCE, watched
from analysis.questions.questions import Question, Questions, read_questions
from analysis.tables.json_tables import rows_in
from analysis.words import wordnet as wordnets
from analysis.words.readers import from_panlex, read_words
from analysis.words.wordnet import from_tabs, hierarchy_of, read_data_noun
from tests.large import FILES, swadesh, wordnet, write

ROWS = 4_000
MOST_BYTES, MOST_CALLS = 500, 160
"""Of memory and of functions, a row; a million rows are allowed 500 MiB and 20 s."""
TABLES = [name for name in FILES if not name.endswith(".zip")]


@pytest.fixture
def made(tmp_path):
    """Makes a file of so many rows."""

    def make(name: str, rows: int) -> bytes:
        path = tmp_path / name
        write(path, FILES[name][1], rows)
        return path.read_bytes()

    return make


@pytest.mark.parametrize("name", FILES)
def test_a_row_takes_less_than_half_a_kilobyte(name, made):
    """A million rows of contrast pairs took 2.2 GiB, in a zip 1.2; questions 0.7."""
    read, _ = FILES[name]
    data = made(name, ROWS)
    read(made(name, 128), name)
    # What a thread that another test left does meanwhile is counted too; it does it once.
    peaks = [peak_of(lambda: read(data, name)) for _ in range(2)]
    assert min(peaks) / ROWS < MOST_BYTES


def peak_of(read):
    """Bytes that reading takes at most, with what was read."""
    tracemalloc.start()
    try:
        kept = read()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept is not None
    return peak


@pytest.mark.parametrize("name", FILES)
def test_a_row_takes_few_steps(name, made):
    """Seconds depend on what else the machine does, calls do not."""
    read, _ = FILES[name]
    data = made(name, ROWS)
    read(made(name, 128), name)
    counted = cProfile.Profile()
    counted.runcall(read, data, name)
    calls = pstats.Stats(counted, stream=io.StringIO()).total_calls
    assert calls / ROWS < MOST_CALLS


@pytest.mark.parametrize("name", TABLES)
def test_a_reader_hears_stop_between_blocks(name, made):
    told = []

    def stop(share: float | None) -> None:
        told.append(share)
        if len(told) == 3:
            raise Stopped("Stopped.")

    data = made(name, 3 * BLOCK // 10)
    with watched(stop), pytest.raises(Stopped):
        FILES[name][0](data, name)
    assert len(told) == 3


EQUAL = {
    "pairs.csv": (
        read_corpus,
        "pair,concept,language,positive,negative\n",
        "1,a,en,b,c\n",
    ),
    "questions.csv": (
        read_questions,
        "item,language,question,answer\n",
        "1,en,what,this\n",
    ),
    "words.csv": (read_words, "concept,en,fr\n", "a,b,c\n"),
    "prompts.csv": (read_prompts, "prompt,language,text\n", "1,en,b\n"),
}


@pytest.mark.parametrize("name", EQUAL)
def test_of_very_many_equal_faults_the_first_twenty_are_told_and_counted(name):
    read, header, row = EQUAL[name]
    with pytest.raises(CorpusError, match="2,999 faults") as caught:
        read((header + 3000 * row).encode(), name)
    assert caught.value.count == 2999 and len(caught.value.faults) == 21
    lines = [int(re.search(r"line (\d+)", fault)[1]) for fault in caught.value.faults]
    assert lines == [*range(3, 23), 3]
    assert caught.value.faults[-1].startswith("… and 2,979 more like: ")
    assert len(str(caught.value)) < 600


def test_faults_of_many_kinds_are_bounded_too():
    faults = Faults(f"x, line {i}: {'odd ' * i}" for i in range(1, 300))
    assert len(faults) == 299 and len(list(faults)) <= (MOST_KINDS + 1) * MOST_OF_A_KIND
    joined = Faults(["x: first"])
    joined += faults
    joined += ["x: last"]
    assert len(joined) == 301
    assert not Faults() and Faults(["x"]) and "x: first" in list(joined)


def test_a_fault_quotes_no_more_than_can_be_read():
    header = ",".join(f"c{'x' * 3000}{i}" for i in range(5))
    for read, name in ((read_prompts, "p.csv"), (read_questions, "q.csv")):
        with pytest.raises(CorpusError) as caught:
            read(f"{header}\n1,2,3,4,5\n".encode(), name)
        assert all(len(fault) < 1010 for fault in caught.value.faults)
        assert len(str(caught.value)) < 4000


TEXTS = [
    "pair 9",
    "pair 10",
    "b2",
    "b10",
    "b02",
    "aa1",
    "",
    "2",
    "10",
    "x",
    "x1y2",
    "é9",
]


def test_natural_order_is_that_of_parts_by_length_and_letters():
    """As it was before keys were one text each."""

    def by_parts(text: str) -> list[tuple[int, str]]:
        return [(len(part), part) for part in re.findall(r"\d+|\D+", text)]

    assert sorted(TEXTS, key=natural_key) == sorted(TEXTS, key=by_parts)
    assert len({natural_key(text) for text in TEXTS}) == len(TEXTS)


@pytest.mark.parametrize("count", [0, 1, AT_ONCE, 2 * AT_ONCE + 1])
def test_digests_of_long_lists_are_those_of_their_whole_text(count):
    pairs = [ContrastPair(str(i), "é", "en", "a\n", "“b”") for i in range(count)]
    corpus = Corpus("x", tuple(reversed(pairs)))
    ordered = sorted(pairs, key=lambda pair: (pair.concept, pair.language, pair.pair))
    text = json.dumps(
        [asdict(pair) for pair in ordered],
        sort_keys=True,
        ensure_ascii=False,
        separators=(",", ":"),
    )
    assert corpus.digest == hashlib.sha256(text.encode()).hexdigest()[:16]
    asked = [
        Question(str(i), "culture", "en", "q", "a", ("a", "b")) for i in range(count)
    ]
    prompts = [Prompt(str(i), "en", "é") for i in range(count)]
    for made, items in (
        (Questions("x", tuple(asked)), asked),
        (PromptSet("x", tuple(prompts)), prompts),
    ):
        text = json.dumps(
            [asdict(one) for one in items], ensure_ascii=False, sort_keys=True
        )
        assert made.digest == hashlib.sha256(text.encode()).hexdigest()[:16]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_rows_across_blocks_are_those_of_the_whole_text(end):
    """Quoted line ends, and blocks that end anywhere."""
    count = 3 * BLOCK // 20
    text = "".join(f'{i},"two{end}lines",x{end}' for i in range(count))
    faults = Faults()
    rows = list(csv_rows(text, "x.csv", faults))
    assert not faults and len(rows) == count
    assert [row.cells for row in rows[:2]] == [
        ["0", f"two{end}lines", "x"],
        ["1", f"two{end}lines", "x"],
    ]
    assert [row.line for row in rows] == list(range(1, 2 * count, 2))


def test_lines_of_json_across_blocks_keep_their_numbers():
    count = BLOCK // 4
    text = "".join(f'{{"a": {i}}}\n\n' for i in range(count))
    faults = Faults()
    rows = list(json_rows(text + "nothing", "x.jsonl", faults))
    assert [(row.line, row.values["a"]) for row in rows] == [
        (2 * i + 1, i) for i in range(count)
    ]
    (fault,) = faults
    assert fault.startswith(f"x.jsonl, line {2 * count + 1}: not JSON")


def test_places_and_earlier_rows_are_found_again():
    told = ["a.csv, line 3", "b.csv, line 12", "x, at y/007", "x", "", "c, line ١"]
    places = Places()
    for place in told:
        places.append(place)
    assert list(places) == told and len(places) == len(told)
    rows = EarlierRows()
    assert [rows.add("a", "en", 0), rows.add("b", "en", 1)] == [NONE, NONE]
    assert [rows.add("b", "fr", 2), rows.add("a", "fr", 3)] == [NONE, NONE]
    assert [rows.add("a", "en", 4), rows.add("a", "fr", 5)] == [0, 3]


def test_very_many_columns_or_keys_are_told_at_once():
    """Counting each name among all took minutes."""
    begun = time.process_time()
    wide = ",".join(f"c{i}" for i in range(200_000)).encode()
    for name in TABLES:
        if name.endswith(".csv"):
            with pytest.raises(CorpusError, match=f"at most {MOST_COLUMNS:,}"):
                FILES[name][0](wide, name)
    keys = ",".join(f'"k{i}": 1' for i in range(200_000))
    with pytest.raises(ValueError, match="“k0” is there twice"):
        parse_json(f'{{{keys}, "k0": 2, "k1": 3}}')
    assert time.process_time() - begun < 10


def json_value(random: Random, depth: int = 0):
    """A value of JSON, of any kind and some depth."""
    kind = random.randrange(8 if depth < 4 else 5)
    if kind == 0:
        return random.choice([None, True, False, "", [], {}])
    if kind == 1:
        return random.choice([0, -17, 1.5, 2.5e-7, 10**15])
    if kind < 5:
        return "".join(random.choices('ab é"\\[]{},:\n😀', k=random.randrange(12)))
    values = [json_value(random, depth + 1) for _ in range(random.randrange(6))]
    if kind == 5:
        return {f"key {number}": value for number, value in enumerate(values)}
    return values


def outcome(decode, text: str):
    """What a text gives, or in which words it is refused."""
    try:
        return decode(text)
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize("piece", [1, 7, 40])
def test_json_in_pieces_is_what_the_whole_text_gives(piece, monkeypatch):
    monkeypatch.setattr(large_json, "LARGE", 0)
    monkeypatch.setattr(large_json, "PIECE", piece)
    random = Random(piece)
    refused = 0
    for number in range(400):
        value = json_value(random)
        text = json.dumps(
            value, ensure_ascii=number % 2 == 0, indent=number % 3 or None
        )
        if number % 4 == 0:
            place = random.randrange(len(text))
            text = text[:place] + random.choice('}],:x"') + text[place + 1 :]
        if number % 9 == 0:
            text = text[: random.randrange(len(text) + 1)]
        whole = outcome(DECODER.decode, text)
        assert outcome(partial(large_json.decoded, DECODER), text) == whole, text
        refused += isinstance(whole, str) and whole != value
    assert refused > 50
    with pytest.raises(ValueError, match="k.* is there twice"):
        parse_json('{"k": [1, 2, 3, 4, 5, 6], "k": [7, 8, 9, 10, 11]}')


def test_json_of_very_many_lists_is_refused_before_memory_is_spent(monkeypatch):
    monkeypatch.setattr(large_json, "MOST_HOLDERS", 1000)
    text = "[" + "[]," * large_json.LARGE + "[]]"
    with pytest.raises(
        ValueError, match="lists and objects in one text; at most 1,000"
    ):
        parse_json(text)


TELLING = 6 * BLOCK
"""Characters of a text in which there are several looks at whether to stop."""


def tabs() -> object:
    """Wordnets of two languages."""
    text = "\n".join(wordnet(TELLING // 20))
    return from_tabs("x", {"wn-data-eng.tab": text, "wn-data-fra.tab": text})


def hierarchy() -> object:
    """Princeton's nouns."""
    line = "{:08d} 03 n 01 word{} 0 001 @ {:08d} n 0000 | a gloss"
    lines = [line.format(n, n, n // 2) for n in range(1, TELLING // 50)]
    return read_data_noun("\n".join(lines))


def ancestors() -> object:
    """What is above each of many synsets."""
    return hierarchy_of({str(n): (str(n // 2),) for n in range(1, 4 * AT_ONCE)})


def swadesh_lists() -> object:
    """PanLex's lists of two languages."""
    text = "\n".join(swadesh(4 * AT_ONCE))
    folder = f"swadesh{4 * AT_ONCE}"
    files = {f"{folder}/eng-000.txt": text, f"{folder}/fra-000.txt": text}
    return from_panlex("x", files)


def one_json() -> object:
    """Rows in one list, under a key."""
    rows = [{"item": str(n), "text": f"what is {n}?"} for n in range(TELLING // 30)]
    return parse_json(json.dumps({"rows": rows}))


def texts_of_json() -> object:
    """A list of texts, which hold nothing else."""
    return parse_json(json.dumps(["a text of some length"] * (TELLING // 20)))


def halves() -> object:
    """Texts of which some are written with halves of a character."""
    return parse_json(json.dumps([["😀"] * 4] * AT_ONCE))


def columns_of_json() -> object:
    """An object of lists."""
    return rows_in({"a": [*range(4 * AT_ONCE)], "b": [*range(4 * AT_ONCE)]})


LONG_READINGS = (
    tabs,
    hierarchy,
    ancestors,
    swadesh_lists,
    one_json,
    texts_of_json,
    halves,
    columns_of_json,
)


@pytest.mark.parametrize("read", LONG_READINGS)
def test_every_long_reading_looks_again_and_again_and_stops(read, monkeypatch):
    """One large JSON file, wordnets and PanLex's lists were read without a look."""
    monkeypatch.setattr(large_json, "LARGE", BLOCK)
    told = []
    with watched(told.append):
        read()
    assert len(told) >= 4

    def stop(share: float | None) -> None:
        told.append(share)
        if len(told) == 3:
            raise Stopped("Stopped.")

    told.clear()
    with watched(stop), pytest.raises(Stopped):
        read()


def test_a_wordnet_deeper_than_any_is_refused_before_it_fills_memory(monkeypatch):
    """Of 20,000 nouns in a row, 200 million were held as above one another."""
    monkeypatch.setattr(wordnets, "MOST_ABOVE", 4_000)
    row = {str(n): (str(n + 1),) for n in range(20_000)}
    with pytest.raises(CorpusError, match="more than 4,000 above them, all told"):
        hierarchy_of(row)
