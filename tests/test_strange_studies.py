"""Studies from others that no version of this program wrote.

They are refused in a sentence or open on every page; none takes a page down.
"""

import hashlib
import io
import itertools
import json
import random
import shutil
import zipfile
from collections import Counter

import numpy as np
import pytest
from safetensors.numpy import load, save

from analysis.core.errors import AnalysisError, StudyError
from analysis.study import array_checks, library, store
from tests.planted import planted_study
from tests.stored import stored
from tests.test_manifest import BARE, PARTS, changed, places
from tests.visits import PAGES, alive, button, visit, words

pytestmark = pytest.mark.usefixtures("fresh")

MUTANTS = 120
VALUES = (
    *(True, -1, 0, 5, 10**6, 10**17, 1.5, 1e300),
    *("", "x", "é\u202e", "a\x00b", "\ud800", "a" * 5_000),
    *([], {}, [[[]]], [1], [None], {"a": 1}),
)
HARMS = ("shape", "type", "gone", "more", "not finite", "codes", "turned")


def packed(values: dict, tensors: dict[str, bytes]) -> bytes:
    """A study as one file, whatever its manifest says."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as written:
        written.writestr("manifest.json", json.dumps(values))
        for name, data in tensors.items():
            written.writestr(name, data)
    return buffer.getvalue()


def parts_of(data: bytes) -> tuple[dict, dict[str, bytes]]:
    """Manifest and files of a packed study."""
    with zipfile.ZipFile(io.BytesIO(data)) as read:
        found = {name: read.read(name) for name in read.namelist()}
    return json.loads(found.pop("manifest.json")), found


def small() -> tuple[dict, dict[str, bytes]]:
    """A whole study of one concept and two languages."""
    made = planted_study(("fairness",), ("en", "fr"), (2, 24, 8))
    stored("small", made)
    return parts_of(library.pack("small"))


def harmed(
    values: dict, tensors: dict[str, bytes], rng: random.Random
) -> tuple[dict, dict[str, bytes]]:
    """The same study with one tensor that is not what it should be."""
    file = rng.choice(sorted(tensors))
    held = dict(load(tensors[file]))
    key = rng.choice(sorted(held))
    array = held[key]
    harm = rng.choice(HARMS)
    if harm == "shape":
        held[key] = array[:-1].copy()
    elif harm == "type":
        held[key] = array.astype(rng.choice([np.int64, np.bool_, np.float64]))
    elif harm == "gone":
        del held[key]
    elif harm == "more":
        held[f"{key}/0"] = array
    elif harm == "not finite":
        held[key] = np.full_like(array, np.nan if array.dtype.kind == "f" else 9)
    elif harm == "codes":
        held[key] = np.full_like(array, 2)
    else:
        held[key] = np.ascontiguousarray(array.T)
    data = save(held)
    entry = {
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "keys": sorted(held),
    }
    listed = {**values, "files": {**values["files"], file: entry}}
    return listed, {**tensors, file: data}


def mutants():
    """Packs with one thing that is odd, always the same ones."""
    rng = random.Random(7)
    whole, tensors = small()
    asked = {**BARE, **PARTS, "hidden": 4}
    for number in range(MUTANTS):
        if number % 3 == 0:
            yield packed(*harmed(whole, tensors, rng))
            continue
        values, held = rng.choice([(whole, tensors), (BARE, {}), (asked, {})])
        place = rng.choice([list(each) for each in places(values)])
        yield packed(changed(values, place, rng.choice(VALUES)), held)


def test_strange_packs_are_refused_or_open():
    """Those that get in are opened on the Overview and, in turn, on two other pages."""
    ends = Counter()
    pages = itertools.cycle(PAGES[1:])
    for data in mutants():
        try:
            name = library.unpack(data, "x.zip")
        except AnalysisError as error:
            assert "x.zip was not added" in str(error)
            ends["refused"] += 1
            continue
        for page in (PAGES[0], next(pages), next(pages)):
            visit(page, study=name)
        shutil.rmtree(store.root() / name)
        ends["added"] += 1
    # Every page has then been opened with three of them.
    assert ends["refused"] > 90 and 2 * ends["added"] > 3 * len(PAGES[1:]), ends


@pytest.mark.parametrize(
    "values",
    [
        {key: value for key, value in BARE.items() if key != "layers"},
        BARE | {"title": 5},
        BARE | {"spec": {"model": None}},
        BARE | {"absent": 3},
        BARE | {"plane": {}},
        BARE | {"title": "\ud800"},
        BARE | {"concepts": [""]},
        BARE | {"languages": ["xx"]},
        BARE | {"layers": 10**9},
        BARE | {"shares": "mine"},
        BARE | {"share_percent": {"en": -1}},
        BARE | {"concepts": ["c"], "pairs": {}},
        BARE | {"spec": {"estimator": 5}},
        BARE | {"spec": {"model": {"model": "m", "dtype": 8}}},
        BARE | {"plane": PARTS["plane"] | {"settings": [{"local_layer": 9}]}},
        BARE | {"words": PARTS["words"] | {"layers": [1, 1]}},
    ],
)
def test_a_manifest_that_no_version_wrote_is_refused(values):
    before = library.names()
    with pytest.raises(StudyError, match=r"x\.zip was not added: The manifest of"):
        library.unpack(packed(values, {}), "x.zip")
    assert library.names() == before


def test_a_null_spec_counts_as_absent_and_opens_everywhere():
    name = library.unpack(packed(BARE | {"spec": None}, {}), "x.zip")
    for page in PAGES:
        visit(page, study=name)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda held: held | {"concept_vector/0/0": np.zeros((8, 2))}, "must be 2 "),
        (lambda held: held | {"concept_vector/0/9": np.zeros((2, 8))}, "no place"),
        (lambda held: held | {"concept_vector/0/00": np.zeros((2, 8))}, "no place"),
        (lambda held: held | {"concept_vector/0/0": np.ones((2, 8), int)}, "is I64"),
        (lambda held: {"half_a/0/0": np.zeros((2, 8))}, "in two files"),
        (lambda held: held | {"plane_there/0": np.ones(2, np.uint8)}, "no place"),
        (lambda held: held | {"word_vector/0/0": np.ones((1, 1, 8))}, "no place"),
    ],
)
def test_arrays_have_the_shapes_that_the_manifest_implies(harm, said):
    values, tensors = small()
    file = "concept_vector.safetensors"
    held = harm(dict(load(tensors[file])))
    data = save(held)
    path = store.root() / "small" / file
    path.write_bytes(data)
    values["files"][file] |= {"bytes": len(data), "keys": sorted(held)}
    (store.root() / "small" / store.MANIFEST).write_text(json.dumps(values))
    with pytest.raises(StudyError, match="small is damaged") as error:
        library.open_by_name("small")
    assert said in str(error.value)
    assert "small is damaged" in words(visit(study="small"))


def test_a_small_pack_cannot_claim_more_memory_than_a_study_may_have():
    names = [f"c{number}" for number in range(1_000)]
    tables = {name: {"test": [], "clusters": []} for name in names}
    wide = BARE | {"concepts": names, "pairs": tables, "layers": 4_000, "hidden": 2**20}
    with pytest.raises(StudyError, match="would take"):
        library.unpack(packed(wide, {}), "x.zip")


def test_a_study_that_cannot_be_read_is_listed_and_can_be_deleted():
    stored("whole")
    folder = stored("odd")
    (folder / store.MANIFEST).write_text(json.dumps(BARE | {"title": 5}))
    at = visit("pages/studies.py", study="odd")
    assert "title must be text" in words(at)
    alive(button(at, "Move odd to the trash").click().run())
    assert "odd" not in library.names() and "whole" in library.names()
    assert not at.exception


def test_even_a_fault_of_the_checks_takes_no_page_down(monkeypatch):
    stored("whole")
    stored("odd")
    real = array_checks.sizes_of

    def failing(manifest):
        if manifest.title == "odd":
            raise TypeError("what no check saw")
        return real(manifest)

    folder = store.root() / "odd"
    manifest = json.loads((folder / store.MANIFEST).read_text())
    (folder / store.MANIFEST).write_text(json.dumps(manifest | {"title": "odd"}))
    monkeypatch.setattr(array_checks, "sizes_of", failing)
    for page in ("app.py", "pages/transfer.py"):
        assert "what no check saw" not in words(visit(page, study="whole"))
    assert "what no check saw" in words(visit("pages/studies.py", study="odd"))


def test_a_pack_that_holds_one_name_twice_is_refused():
    values, tensors = small()
    buffer = io.BytesIO(packed(values, tensors))
    with zipfile.ZipFile(buffer, "a") as more, pytest.warns(UserWarning):
        more.writestr("manifest.json", json.dumps(BARE))
    with pytest.raises(StudyError, match="twice"):
        library.unpack(buffer.getvalue(), "x.zip")


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_a_broken_stream_inside_a_pack_is_a_sentence(method):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as written:
        written.writestr("manifest.json", json.dumps(BARE) * 3)
    data = bytearray(buffer.getvalue())
    data[60:90] = b"\xff" * 30
    with pytest.raises(StudyError, match="not a packed study"):
        library.unpack(bytes(data), "x.zip")
