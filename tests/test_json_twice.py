"""A key that a JSON object has twice is told: of two values one would silently be lost."""

import io
import json
import re
import zipfile

import pytest

from analysis.concepts.pair_readers import read_corpus
from analysis.core import json_text, table_files
from analysis.core.errors import AnalysisError
from analysis.plane.other_methods import read_answers
from analysis.questions.questions import read_questions
from analysis.study import library
from babelscope.commands import run
from components.paperpack import recipes
from tests.kept import recipe
from tests.test_manifest import BARE
from tests.test_strange_studies import packed
from tests.visits import APP, visit, words

TWICE = re.compile(r"the key “\w+” is there twice")


def lines(**values) -> bytes:
    """One row of JSON lines whose last key comes again, with another value."""
    text = json.dumps(values)
    return f'{text[:-1]}, "{list(values)[-1]}": "other"}}'.encode()


PAIR = {"pair": "1", "concept": "c", "language": "en", "positive": "a", "negative": "b"}
QUESTION = {"item": "1", "language": "en", "question": "what", "answer": "this"}
ANSWER = {"item": "1", "kind": "universal", "language": "en", "answer": "this"}


def papers() -> bytes:
    """A zip in the papers' layout with one pair twice."""
    leaf = '{"pos": "a", "neg": "b"}'
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("c/c_en.json", f'{{"k": {leaf}, "k": {leaf}}}')
    return buffer.getvalue()


def options() -> bytes:
    """A question whose options are an object with a letter twice."""
    cell = '{"A": "x", "B": "y", "A": "z"}'
    return (
        b"item,language,question,answer,options\n1,en,what,x,"
        + json.dumps(cell).replace('\\"', '""').encode()
    )


def pack() -> bytes:
    """A study whose manifest has its layers twice."""
    with zipfile.ZipFile(io.BytesIO(packed(BARE, {}))) as whole:
        manifest = whole.read("manifest.json").decode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("manifest.json", f'{manifest[:-1]}, "layers": 7}}')
    return buffer.getvalue()


def kept_recipe() -> bytes:
    """A recipe that says twice what it is."""
    text = recipes.write(recipe("tree")).strip()
    first = next(iter(json.loads(text)))
    return f'{text[:-1]}, "{first}": 3}}'.encode()


READERS = {
    "pairs": (read_corpus, "x.jsonl", lambda: lines(**PAIR)),
    "pairs in the papers' layout": (read_corpus, "x.zip", papers),
    "questions": (read_questions, "x.jsonl", lambda: lines(**QUESTION)),
    "options": (read_questions, "x.csv", options),
    "answers": (read_answers, "x.jsonl", lambda: lines(**ANSWER)),
    "a packed study": (library.unpack, "x.zip", pack),
    "a recipe": (recipes.read, "recipe.json", kept_recipe),
}


@pytest.mark.parametrize("name", READERS)
def test_a_key_that_is_there_twice_is_told(name, home):
    read, file, data = READERS[name]
    with pytest.raises(AnalysisError, match=TWICE):
        read(data(), file)


def test_a_run_file_and_a_link_say_everything_once(fresh, tmp_path):
    path = tmp_path / "run.json"
    path.write_text('{"extract": {}, "extract": {"model": "demo"}}')
    with pytest.raises(AnalysisError, match=TWICE):
        run.read(path)
    at = visit("pages/playground.py", study="demo", play='{"seed": 1, "seed": 2}')
    assert "settings in this link are damaged" in words(at)


def test_no_other_reader_takes_the_last_of_two():
    """Files that we write ourselves, or that transformers reads as well, are not asked."""
    own = {
        "analysis/control/store.py",
        "analysis/control/verdicts.py",
        "analysis/core/chat_prompts.py",
        "analysis/core/found_models.py",
        "analysis/core/model_kinds.py",
        "analysis/core/model_records.py",
        "analysis/model/configuration.py",
        "analysis/model/gguf_tokenizer.py",
        "analysis/model/load.py",
        "analysis/study/claims.py",
        "analysis/study/notes.py",
        "analysis/study/tags.py",
        "analysis/words/word_lists.py",
        "analysis/world/world.py",
        "components/handout/cards.py",
    }
    found = set()
    for folder in ("analysis", "components", "babelscope"):
        for path in (APP.parent / folder).rglob("*.py"):
            for call in re.findall(r"json\.loads?\([^\n]*", path.read_text()):
                if "without_repeats" not in call:
                    found.add(path.relative_to(APP.parent).as_posix())
    assert found <= own
    for module in (json_text, table_files):
        with pytest.raises(ValueError, match=TWICE):
            module.parse_json('{"a": {"b": 1, "b": 1}}')
