"""Damaged inputs of every kind, each from its seed: what is read of them is a value or a sentence.

Bytes are changed, cut and repeated; values of JSON are put in place of others. Whatever ends
in anything but a sentence is a fault of the program, told with its seed.
"""

import csv
import io
import json
import random
import re
import shutil
import signal
import tempfile
import traceback
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save as save_safetensors

from analysis.concepts.pair_readers import read_corpus
from analysis.control.prompts import read as read_prompts
from analysis.core.errors import AnalysisError, SpecError
from analysis.core.gguf_models import look_at
from analysis.core.specs import ModelSpec
from analysis.core.table_files import decode_text
from analysis.languages.shares import read_shares
from analysis.model import load
from analysis.plane.other_methods import read_answers
from analysis.questions.mean_states import read_mean_states
from analysis.questions.questions import read_questions
from analysis.sentences.readers import read_parallel
from analysis.steering.vector_files import read_vectors, to_gguf
from analysis.study import library, recordings, store
from analysis.tables import column_maps
from analysis.words.readers import read_words
from components.forms import playground
from components.paperpack import recipes
from tests import tiny_gguf
from tests.recorded_answers import recordings as recorded_answers
from tests.stored import stored
from tests.tables_of import cells_of, parquet_of, workbook_of
from tests.test_pack import DATA, recipe
from tests.tiny import save
from tests.visits import PAGES, alive, visit

LONGEST = 30
"""Seconds after which a case counts as hanging."""
MOST_WORDS = 6_000
"""Letters of a sentence with all that it quotes."""
BYTES = (b"\x00", b"\xff", b"\x7f", b"\x80", b"(", b".", b"R", b"q", b"9", b"\xff" * 8)
TEXTS = (
    "",
    ",",
    ";",
    "\t",
    '"',
    '""',
    "\n",
    "\r",
    "\x00",
    "\ufeff",
    "\u200b",
    "\u202e",
    "\\ud800",
    "\\u0000",
    "٣",
    "½",
    "²",
    "é",
    "e\u0301",
    "9" * 5000,
    "1e400",
    "-1",
    "NaN",
    "Infinity",
    "null",
    "true",
    "{",
    "[",
    "[" * 3000,
    '{"a":' * 3000,
    "../../x",
    "=1+1",
    "<b>",
    "x" * 10_000,
)
VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1.5,
    10**6,
    10**30,
    1e308,
    "",
    "x",
    "\ud800",
    "\x00",
    "../../x",
    "x" * 10_000,
    [],
    {},
    [[]],
    [None],
    {"": 1},
    {"a": {"b": []}},
    ["x"] * 500,
)


def damaged_bytes(data: bytes, chance: random.Random) -> bytes:
    """Bytes of which a few are changed, taken out or put in, or that are cut short."""
    made = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        if not made:
            break
        place = chance.randrange(len(made))
        kind = chance.randrange(6)
        if kind == 0:
            made[place] ^= 1 << chance.randrange(8)
        elif kind == 1:
            made[place] = chance.randrange(256)
        elif kind == 2:
            worth = chance.choice(BYTES)
            made[place : place + len(worth)] = worth
        elif kind == 3:
            del made[place : place + chance.choice((1, 4, 64))]
        elif kind == 4:
            made[place:place] = made[: chance.choice((1, 8, 64))]
        else:
            del made[place:]
    return bytes(made)


def damaged_text(data: bytes, chance: random.Random) -> bytes:
    """Text with odd pieces put in, cells exchanged, lines repeated, or damaged as bytes."""
    if chance.random() < 0.2:
        return damaged_bytes(data, chance)
    pieces = re.split(r"(\W)", data.decode())
    for _ in range(chance.choice((1, 1, 2, 4))):
        place = chance.randrange(len(pieces))
        kind = chance.randrange(4)
        if kind == 0:
            pieces[place] = chance.choice(TEXTS)
        elif kind == 1:
            pieces.insert(place, chance.choice(TEXTS))
        elif kind == 2:
            other = chance.randrange(len(pieces))
            pieces[place], pieces[other] = pieces[other], pieces[place]
        else:
            pieces[place:place] = pieces[place : place + 12]
    text = "".join(pieces)
    return text.encode(
        chance.choice(("utf-8", "utf-8", "utf-8", "utf-16", "utf-8-sig"))
    )


def nodes(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) of a JSON value."""
    stack = [value]
    while stack:
        node = stack.pop()
        keys = list(node) if isinstance(node, dict) else range(len(node))
        for key in keys:
            yield node, key
            if isinstance(node[key], dict | list):
                stack.append(node[key])


def damaged_json(data: bytes, chance: random.Random) -> bytes:
    """JSON with values replaced, taken out or repeated; sometimes damaged as text."""
    if chance.random() < 0.15:
        return damaged_text(data, chance)
    value = json.loads(data)
    for _ in range(chance.choice((1, 1, 2, 4))):
        places = list(nodes(value))
        if not places:
            break
        node, key = chance.choice(places)
        kind = chance.randrange(4)
        if kind == 0 and isinstance(node, dict):
            del node[key]
        elif kind == 1 and isinstance(node, dict):
            node[chance.choice(("", "x", "kind", "\ud800"))] = deepcopy(node[key])
        elif kind == 2:
            other, another = chance.choice(places)
            node[key] = deepcopy(other[another])
        else:
            # A copy, as the next change may be in it.
            node[key] = deepcopy(chance.choice(VALUES))
    return json.dumps(value).encode()


Damage = Callable[[bytes, random.Random], bytes]


def with_parts(data: bytes, chance: random.Random, damage: Damage) -> bytes:
    """An archive that is damaged itself, or sound with one part damaged."""
    if chance.random() < 0.4:
        return damaged_bytes(data, chance)
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w") as new:
        names = old.namelist()
        part = chance.choice(names)
        for name in names:
            content = old.read(name)
            new.writestr(name, damage(content, chance) if name == part else content)
    return made.getvalue()


def damaged_zip(data: bytes, chance: random.Random) -> bytes:
    """An archive of texts."""
    return with_parts(data, chance, damaged_text)


def damaged_workbook(data: bytes, chance: random.Random) -> bytes:
    """An archive of sheets, texts and relations."""
    return with_parts(data, chance, chance.choice([damaged_text, damaged_bytes]))


def damaged_tensors(data: bytes, chance: random.Random) -> bytes:
    """A file of tensors."""
    if data.startswith(b"PK"):
        return with_parts(data, chance, damaged_bytes)
    return damaged_bytes(data, chance)


def zipped(**files: str) -> bytes:
    """An archive of texts by name; “__” stands for a folder, “_dot_” for a dot."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), text)
    return made.getvalue()


def lines(header: str, row: Callable[[int, str], str]) -> bytes:
    """A table of a few rows in two languages."""
    rows = [row(i, code) for i in range(4) for code in ("en", "fr")]
    return "\n".join([header, *rows]).encode()


def json_lines(row: Callable[[int, str], dict]) -> bytes:
    """The same as JSON lines."""
    rows = [json.dumps(row(i, code)) for i in range(4) for code in ("en", "fr")]
    return "\n".join(rows).encode()


def a_pair(i: int, code: str) -> dict:
    return {
        "pair": i,
        "concept": "kindness",
        "language": code,
        "positive": f"kind {i}",
        "negative": f"unkind {i}",
        "source": f"s{i // 2}",
        "split": "test" if i else "train",
    }


def a_question(i: int, code: str) -> dict:
    return {
        "item": i,
        "kind": "culture" if i % 2 else "universal",
        "language": code,
        "question": f"how {i}?",
        "answer": "yes",
        "options": ["yes", "no"],
        "country": "France",
    }


LEAVES = json.dumps(
    {
        "a": [{"pos": "kind", "neg": "unkind", "scenario": "s"}],
        "b": {"pos": "x", "neg": "y"},
    }
)
WORDNET = "".join(f"{i:08d}-n\tlemma\tword{i}\n" for i in range(4))
DATA_NOUN = (
    "00000000 03 n 01 entity 0 001 ~ 00000001 n 0000 | all\n"
    "00000001 03 n 01 thing 0 001 @ 00000000 n 0000 | a thing\n"
)
MATRIX = torch.arange(32.0).reshape(4, 8)


def torch_file(value: object, **options: Any) -> bytes:
    torch.save(value, buffer := io.BytesIO(), **options)
    return buffer.getvalue()


def numpy_file(save_as: Callable, *arrays: np.ndarray, **named: np.ndarray) -> bytes:
    save_as(buffer := io.BytesIO(), *arrays, **named)
    return buffer.getvalue()


@cache
def tensor_files() -> dict[str, bytes]:
    """A sound file of every format of tensors."""
    rows = {f"layer.{i}": MATRIX[i] for i in range(1, 4)}
    plain = {name: row.numpy() for name, row in rows.items()}
    old = {"_use_new_zipfile_serialization": False}
    return {
        "x.pt": torch_file(rows),
        "old.pt": torch_file({"a": MATRIX}, **old),
        "half.pth": torch_file({"a": torch.nn.Parameter(MATRIX.half())}),
        "x.safetensors": save_safetensors(rows),
        "x.npy": numpy_file(np.save, MATRIX.numpy()),
        "x.npz": numpy_file(np.savez_compressed, **plain),
        "x.gguf": to_gguf({i: MATRIX[i].numpy() for i in range(1, 4)}, "made"),
    }


def shares_of(data: bytes, name: str) -> object:
    text, faults = decode_text(data, name)
    return faults or read_shares(text, name)


def means_of(data: bytes, name: str) -> object:
    sound = numpy_file(np.save, MATRIX.numpy())
    return read_mean_states({f"m.en.{name}": data, "m.fr.npy": sound})


def recipe_of(data: bytes, name: str) -> object:
    found = recipes.read(data, name)
    recipes.facts([found])
    recipes.numbers(found.figure)
    return recipes.read(recipes.write(found), name)


@cache
def packed_study() -> bytes:
    """A small study as one file; it stays in the home that it was first made in."""
    stored("fuzzed")
    return library.pack("fuzzed")


def study_of(data: bytes, name: str) -> object:
    """A packed study: added, opened, listed, and removed again."""
    added = library.unpack(data, name)
    try:
        study = library.open_by_name(added)
        library.summary(study)
        library.provenance(study)
        return study.missing
    finally:
        shutil.rmtree(store.root() / added)


def damaged_manifest(data: bytes, chance: random.Random) -> bytes:
    """A packed study whose manifest alone is damaged."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == store.MANIFEST:
                content = damaged_json(content, chance)
            new.writestr(name, content)
    return made.getvalue()


LINK = json.dumps(
    {
        "prompt": "hello",
        "strength": 1.5,
        "layers": "4–8",
        "depth": [2, 5],
        "language": "en",
        "operator": "addition",
        "template": "none",
        "tokens": 20,
        "seed": 3,
    }
).encode()


def link_of(data: bytes, name: str) -> object:
    """A draft's link against every field of the Playground."""
    from components.frame import links

    given = links.parsed(data.decode("utf-8", "surrogateescape"))
    fields = playground.link_fields(library.open_by_name("demo"))
    fitting = {}
    for key, kept in fields.items():
        for value in given.values():
            converted = kept.converted(value)
            fitting[key] = kept.fits(converted)
    return fitting


QUERY = {
    "study": "demo",
    "layer": "2",
    "labels": "own name",
    "order": "share",
    "source": "en",
    "target": "fr",
    "convention": "as published",
    "play": LINK.decode(),
    "run": "x",
    "with": "demo",
    "items": "all",
    "mode": "both",
}


def damaged_query(data: bytes, chance: random.Random) -> bytes:
    """Some of a link's values, replaced by others."""
    query = json.loads(data)
    for key in chance.sample(sorted(query), 4):
        odd = chance.choice(
            ("", "-1", "9" * 400, "nan", "x" * 2000, "\x00", "../x", "demo")
        )
        query[key] = odd
    if chance.random() < 0.7:
        query["play"] = damaged_json(LINK, chance).decode("utf-8", "replace")
    query["page"] = chance.choice(PAGES)
    return json.dumps(query).encode()


def page_of(data: bytes, name: str) -> object:
    """A page under a damaged link; an exception on it is a failure."""
    query = json.loads(data)
    page = query.pop("page")
    return alive(visit(page, **query))


@cache
def model_folder() -> Path:
    """A tiny model, saved once."""
    folder = Path(tempfile.mkdtemp(prefix="babelscope-fuzz-"))
    save(folder / "sound", "llama")
    return folder


MODEL_FILES = ("config.json", "tokenizer.json", "tokenizer_config.json")


def model_file(name: str) -> bytes:
    """A file of the tiny model."""
    return (model_folder() / "sound" / name).read_bytes()


def model_of(data: bytes, name: str) -> object:
    """A model folder with one damaged file: looked at, and loaded if it can be."""
    sound, models = model_folder() / "sound", store.settings.model_folders()[0]
    folder = models / "odd"
    shutil.copytree(sound, folder)
    try:
        (folder / name).write_bytes(data)
        seen = load.preflight(ModelSpec("odd"))
        return load.load_tokenizer(seen.source)
    finally:
        shutil.rmtree(folder)


@dataclass(frozen=True)
class Kind:
    """Inputs of one kind: sound ones by the names of their files, damage, and what reads them."""

    read: Callable[[bytes, str], object]
    sound: Callable[[], dict[str, bytes]]
    damage: Damage
    share: int
    """Of a hundred cases, how many are of this kind."""


def tables(**files: bytes) -> Callable[[], dict[str, bytes]]:
    """Sound files by name, where “_dot_” stands for a dot."""
    named = {name.replace("_dot_", "."): data for name, data in files.items()}
    return lambda: named


PAIRS = lines(
    "pair,concept,language,positive,negative",
    lambda i, code: f"{i},kindness,{code},kind {i},unkind {i}",
)
QUESTIONS = lines(
    "item,kind,language,question,answer,options",
    lambda i, code: f"{i},universal,{code},how {i}?,yes,yes|no",
)
WORDS = b"concept,kind,en,fr\n" + b"\n".join(
    f"c{i},abstract,w{i},m{i}".encode() for i in range(5)
)
PROMPTS = lines(
    "prompt,language,text,role", lambda i, code: f"{i},{code},tell {i},search"
)
SENTENCES = lines(
    "id,language,text", lambda i, code: f"{i},{code},sentence {i} of {code}"
)
COLUMN_MAP = b"""kind = "contrast pairs"
[columns]
pair = "pair"
concept = "concept"
language = "language"
positive = "positive"
negative = "negative"
"""
ANSWERS = lines(
    "item,kind,language,answer", lambda i, code: f"{i},universal,{code},yes"
)
KINDS = {
    "pairs": Kind(
        read_corpus,
        tables(p_dot_csv=PAIRS, p_dot_jsonl=json_lines(a_pair)),
        damaged_text,
        8,
    ),
    "papers": Kind(
        read_corpus,
        lambda: {
            "p.zip": zipped(
                kind__kind_en_dot_json=LEAVES, kind__kind_fr_dot_json=LEAVES
            )
        },
        damaged_zip,
        4,
    ),
    "questions": Kind(
        read_questions,
        tables(
            q_dot_csv=QUESTIONS,
            q_dot_jsonl=json_lines(a_question),
            q_fr_dot_csv=QUESTIONS,
        ),
        damaged_text,
        9,
    ),
    "words": Kind(
        read_words,
        lambda: {
            "w.csv": WORDS,
            "w.tsv": WORDS.replace(b",", b"\t"),
            "en-fr.txt": b"\n".join(f"w{i} m{i}".encode() for i in range(5)),
        },
        damaged_text,
        6,
    ),
    "word zips": Kind(
        read_words,
        lambda: {
            "muse.zip": zipped(
                **{"en-fr.txt": "a b\nc d\n", "en-de.txt": "a b\nc d\n"}
            ),
            "nets.zip": zipped(
                **{
                    "wn-data-eng.tab": WORDNET,
                    "wn-data-fra.tab": WORDNET,
                    "data.noun": DATA_NOUN,
                }
            ),
            "panlex.zip": zipped(
                **{
                    "swadesh110__eng-000.txt": "I\nyou\tthou\nwe\n",
                    "swadesh110__fra-000.txt": "je\ntu\nnous\n",
                }
            ),
        },
        damaged_zip,
        4,
    ),
    "prompts": Kind(read_prompts, tables(p_dot_csv=PROMPTS), damaged_text, 4),
    "answers": Kind(read_answers, tables(a_dot_csv=ANSWERS), damaged_text, 3),
    "shares": Kind(
        shares_of, tables(s_dot_csv=b"code,percent\nen,90\nfr,\n"), damaged_text, 3
    ),
    "vectors": Kind(read_vectors, tensor_files, damaged_tensors, 9),
    "mean states": Kind(means_of, tensor_files, damaged_tensors, 6),
    "manifests": Kind(
        study_of, lambda: {"m.babelscope": packed_study()}, damaged_manifest, 5
    ),
    "packed studies": Kind(
        study_of, lambda: {"m.babelscope": packed_study()}, damaged_tensors, 2
    ),
    "recipes": Kind(
        recipe_of,
        lambda: {f"{name}.json": recipes.write(recipe(name)).encode() for name in DATA},
        damaged_json,
        6,
    ),
    "links": Kind(link_of, tables(link=LINK), damaged_json, 3),
    "pages": Kind(page_of, tables(link=json.dumps(QUERY).encode()), damaged_query, 1),
    "model folders": Kind(
        model_of,
        lambda: {name: model_file(name) for name in MODEL_FILES},
        damaged_json,
        4,
    ),
}


def rows_of(table: bytes) -> list[dict[str, str]]:
    """The rows of a table of separated values."""
    return list(csv.DictReader(table.decode().splitlines()))


def columns_of(data: bytes, name: str) -> object:
    """A table that a damaged column map reads."""
    text, faults = decode_text(data, name)
    if faults:
        raise SpecError(next(iter(faults)))
    columns = column_maps.from_table(column_maps.parsed(text, name), name)
    return read_corpus(PAIRS, "pairs.csv", columns=columns)


@cache
def gguf_model() -> bytes:
    """A tiny model as GGUF."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tiny.gguf")
        tiny_gguf.write(path)
        return path.read_bytes()


def gguf_of(data: bytes, name: str) -> object:
    """What is told of a GGUF file before it is unpacked."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(data)
        return look_at(path)


KINDS |= {
    "workbooks": Kind(
        read_corpus,
        lambda: {"p.xlsx": workbook_of({"Sheet1": cells_of(rows_of(PAIRS))})},
        damaged_workbook,
        3,
    ),
    "parquet": Kind(
        read_questions,
        lambda: {"q.parquet": parquet_of(rows_of(QUESTIONS))},
        damaged_bytes,
        3,
    ),
    "parallel text": Kind(
        read_parallel,
        tables(s_dot_csv=SENTENCES, s_dot_tsv=SENTENCES.replace(b",", b"\t")),
        damaged_text,
        4,
    ),
    "parallel zips": Kind(
        read_parallel,
        lambda: {
            "s.zip": zipped(
                eng_Latn_dot_dev="a b\nc d\n", fra_Latn_dot_dev="e f\ng h\n"
            )
        },
        damaged_zip,
        3,
    ),
    "column maps": Kind(columns_of, tables(m_dot_toml=COLUMN_MAP), damaged_text, 3),
    "recorded answers": Kind(
        lambda data, name: recordings.parsed(data, Path(name)),
        lambda: {"recorded.json": recordings.as_bytes(recorded_answers())},
        damaged_json,
        3,
    ),
    "GGUF models": Kind(gguf_of, lambda: {"tiny.gguf": gguf_model()}, damaged_bytes, 4),
}
"""Those of tables of other programs, of parallel text and of models."""


@dataclass(frozen=True)
class Outcome:
    """What became of a damaged input: a value, a sentence, or a failure in words."""

    kind: str
    seed: int
    sentence: str = ""
    failure: str = ""


@contextmanager
def limited(seconds: int) -> Iterator[None]:
    """Ends what takes longer by an exception; for the main thread."""

    def late(number: int, frame: object) -> None:
        raise TimeoutError(f"longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def damaged(kind: str, seed: int) -> tuple[bytes, str]:
    """The damaged file of a seed and its name."""
    chance = random.Random(f"{kind} {seed}")
    sound = KINDS[kind].sound()
    name = chance.choice(sorted(sound))
    return KINDS[kind].damage(sound[name], chance), name


def outcome(kind: str, seed: int) -> Outcome:
    """What becomes of the damaged input of a seed."""
    made = Outcome(kind, seed)
    data, name = damaged(kind, seed)
    try:
        with limited(LONGEST):
            KINDS[kind].read(data, name)
    except AnalysisError as error:
        sentence = str(error)
        if not sentence.strip() or len(sentence) > MOST_WORDS:
            return replace(made, failure=f"no sentence of {len(sentence):,} letters")
        return replace(made, sentence=sentence)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return replace(made, failure="".join(traceback.format_exception(error)[-4:]))
    return made
