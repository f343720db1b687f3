"""What many languages, pairs, studies and processes cost: ``python -m benchmarks.scale
[part …]``. The machine should be quiet; ``--quick`` takes small sizes, and shows that all
works.

``together``: a study of 7 × 16 × 40 pairs (``--whole``: 400, an hour on two cores) on a
random model of 12 × 512, computed alone and by 1, 2 and 4 processes of one thread:
speed-up, and what claims and commits take (wanted: ≤ 3 %). ``memory``: corpora of 100,000
pairs and of 60 languages against small ones, on a model of 2 × 512 (wanted: flat, and
what the program foretells within 15 %). ``library``: the Studies
page of a server that has just begun, with 500 studies (wanted: ≤ 2 s), and a look at a
study that several processes compute, with 1,400 records. ``paper``: what 1,000 models ×
100 languages take, from sizes measured here, and what breaks first. ``gpu``: tokens a
second of extraction against the bare forward pass, by 1 and by 8 processes (wanted:
≥ 0.9 ×); ``--device cpu`` tries it where there is none.
"""

import argparse
import hashlib
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

os.environ |= {"TRANSFORMERS_VERBOSITY": "error"}
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import psutil
import torch
from transformers.utils import logging

import babelscope as bs
from analysis.concepts.folded import Differences
from analysis.concepts.readouts import LinearReadout, StateNorms
from analysis.core import settings
from analysis.model.extract import TOKEN_BUDGET, Reading, batched, stream
from analysis.model.load import Loaded
from analysis.study import commits, coverage, library, standing, store
from analysis.study.array_checks import DIMENSIONS, headers
from analysis.study.coverage import PairCell
from analysis.study.manifest import Manifest
from analysis.study.records import to_json
from analysis.study.study import Study
from benchmarks.extraction import ESTIMATES, Ids, random_llama
from benchmarks.planting import (
    MODEL,
    SHALLOW,
    Design,
    codes,
    plant_corpus,
    plant_models,
)
from benchmarks.scale_watched import MEBIBYTE, Measured
from tests import tiny
from tests.planted import planted_study
from tests.stored import CELLS, stored

GIBIBYTE = 2**30
ALONE = 0
"""The plain way, with neither claims nor records."""
WAYS = (ALONE, 1, 2, 4)
MOST_KEEPING = 0.03
MOST_APART = 0.15
MOST_SECONDS = 2.0
LEAST_PACE = 0.9
PROCESSES = (1, 8)
ROUNDS = 3
WARMING = 16
COPIES = 3
"""Of an array in memory while its cells are put into one file: the cells, the bytes of each,
and those of the file.
"""
LOOKS = 3
"""Looks at all records for each concept: what is missing before and after it is claimed,
and when its cells begin (``test_no_cell_of_folds_looks_at_what_others_have_added``).
"""
BYTES_OF = {"F32": 4, "F16": 2, "I32": 4, "I16": 2, "I8": 1, "U8": 1}


@dataclass(frozen=True)
class Sizes:
    """How large everything is."""

    together: Design = Design(7, 16, 40)
    rounds: int = 1
    few: Design = Design(1, 4, 500)
    many: Design = Design(1, 4, 25_000)
    languages: Design = Design(1, 60, 40)
    studies: int = 500
    starts: int = 3
    recorded: Design = Design(7, 100, 24)
    texts: int = 4096


QUICK = Sizes(
    together=Design(3, 2, 40),
    few=Design(1, 2, 40),
    many=Design(1, 2, 400),
    languages=Design(1, 6, 20),
    studies=30,
    starts=1,
    recorded=Design(2, 20, 24),
    texts=64,
)
"""Sizes at which all parts are over soon."""


WHOLE = Design(7, 16, 400)


@dataclass(frozen=True)
class Place:
    """Where a benchmark runs, how large it is, and on which device."""

    folder: Path
    sizes: Sizes
    device: str


def said(name: str, value: str, wanted: str = "", met: bool = True) -> None:
    """One line of the report."""
    verdict = f"   wanted {wanted}: {'met' if met else 'MISSED'}" if wanted else ""
    print(f"{name:<58} {value:>24}{verdict}", flush=True)


def median_of(values: Sequence[float]) -> float:
    """The median; of none it is no number."""
    return statistics.median(values) if values else math.nan


# --- Several processes, one study ---


@dataclass(frozen=True)
class Run:
    """One study that was computed: by each process what it measured, and its bytes."""

    measured: tuple[Measured, ...]
    whole: float
    digest: str

    @property
    def cells(self) -> float:
        """Seconds from the first process's first cell to the last one's end."""
        begun = min(each.begun for each in self.measured)
        return max(each.ended for each in self.measured) - begun

    @property
    def keeping(self) -> float:
        """The share of claims and commits in what all processes took."""
        every = sum(each.ended - each.begun for each in self.measured)
        return sum(each.keeping for each in self.measured) / every

    @property
    def kept(self) -> float:
        """The same share of seconds of processors."""
        every = sum(each.working for each in self.measured)
        return sum(each.kept for each in self.measured) / every

    @property
    def processor(self) -> float:
        """Seconds of processors, the start of the program included."""
        return sum(each.processor for each in self.measured)


def together(place: Place) -> None:
    """Speed-up by several processes, and what claims and commits take."""
    design, cores = place.sizes.together, len(os.sched_getaffinity(0))
    said("study, cores, load", f"{design}, {cores}, {os.getloadavg()[0]:.1f}")
    corpus = planted(place, "together", design)
    runs: dict[int, list[Run]] = {way: [] for way in WAYS}
    for _ in range(place.sizes.rounds):
        for way in WAYS:
            runs[way].append(computed(place, corpus, way))
    digests = {run.digest for each in runs.values() for run in each}
    said("the same bytes every time", "yes" if len(digests) == 1 else "NO")
    one = median_of([run.cells for run in runs[1]])
    for way, each in runs.items():
        told_of_way(way, each, one)
    told_of_memory(f"{MODEL} model", runs[ALONE][0].measured[0])
    pairs = zip(runs[ALONE], runs[1])
    more = median_of([one.processor / alone.processor - 1 for alone, one in pairs])
    said("one process with claims against none, processor", f"{more:+.1%}")


def told_of_way(way: int, runs: Sequence[Run], one: float) -> None:
    """What came out of one number of processes."""
    name = "alone" if way == ALONE else f"{way} at once"
    cells = median_of([run.cells for run in runs])
    whole = median_of([run.whole for run in runs])
    keeping = median_of([run.keeping for run in runs])
    said(
        f"{name}: cells, and with the start of the program",
        f"{cells:.1f}, {whole:.1f} s",
    )
    if way > 1:
        said(f"{name}: as fast as one by", f"{one / cells:.2f} ×")
    met = keeping <= MOST_KEEPING
    said(f"{name}: claims and commits", f"{keeping:.2%}", f"≤ {MOST_KEEPING:.0%}", met)
    kept = median_of([run.kept for run in runs])
    said(f"{name}: the same of processor time", f"{kept:.2%}")


def planted(place: Place, name: str, design: Design) -> Path:
    """A corpus of a design."""
    path = place.folder / f"{name}.csv"
    if not path.exists():
        plant_corpus(path, design)
    return path


def computed(place: Place, corpus: Path, way: int, model: str = MODEL) -> Run:
    """A study computed by so many processes in a home of its own."""
    home = Path(tempfile.mkdtemp(dir=place.folder))
    words = ["extract", "--model", model, "--corpus", str(corpus), "--device", "cpu"]
    begun = time.perf_counter()
    running = []
    for number in range(1, max(way, 1) + 1):
        shard = [] if way == ALONE else ["--shard", f"{number}/{way}"]
        told = home / f"{number}.json"
        running.append(started(place, home, [str(told), *words, *shard]))
    for process in running:
        if process.wait():
            raise SystemExit((home / "said.txt").read_text())
    whole = time.perf_counter() - begun
    measured = []
    for number in range(1, max(way, 1) + 1):
        told = json.loads((home / f"{number}.json").read_text())
        measured.append(Measured(**told))
    (study,) = (home / "studies").iterdir()
    run = Run(tuple(measured), whole, digest_of(study))
    shutil.rmtree(home)
    return run


def started(place: Place, home: Path, words: Sequence[str]) -> subprocess.Popen:
    """One process of the real program, watched; it computes with one thread."""
    given = {
        "BABELSCOPE_HOME": str(home),
        "BABELSCOPE_MODELS": str(place.folder / "models"),
    }
    with (home / "said.txt").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "benchmarks.scale_watched", *words],
            env=os.environ | given,
            stdout=log,
            stderr=log,
        )


def digest_of(study: Path) -> str:
    """SHA-256 over all files of a study."""
    found = hashlib.sha256()
    for path in sorted(study.iterdir()):
        if path.suffix in (".json", ".safetensors"):
            found.update(path.name.encode())
            found.update(path.read_bytes())
    return found.hexdigest()


# --- Memory ---


def memory(place: Place) -> None:
    """The most that a process takes, and what is foretold."""
    sizes = place.sizes
    designs = {"few": sizes.few, "many": sizes.many, "languages": sizes.languages}
    found: dict[str, Measured] = {}
    for name, design in designs.items():
        corpus = planted(place, f"memory-{name}", design)
        run = computed(place, corpus, ALONE, SHALLOW)
        (found[name],) = run.measured
        told_of_memory(f"{design}, {run.whole:.0f} s", found[name])
    small = found["few"].anonymous
    for name in ("many", "languages"):
        more = found[name].anonymous - small
        said(f"{designs[name]} beyond {sizes.few}", f"{more:+.0f} MiB")


def told_of_memory(name: str, found: Measured) -> None:
    """What one study took, beside what was foretold."""
    apart = found.foretold / found.taken - 1
    said(
        f"{name}: before loading, at most, of that no file",
        f"{found.base:.0f}, {found.peak:.0f}, {found.anonymous:.0f} MiB",
    )
    said(
        f"{name}: loading and computing add, of that unread",
        f"{found.taken:.0f}, {found.unread:.0f} MiB",
    )
    said(
        f"{name}: foretold, of that on disk",
        f"{found.foretold:.0f}, {found.disk:.0f} MiB, {apart:+.0%}",
        f"± {MOST_APART:.0%}",
        abs(apart) <= MOST_APART,
    )


# --- A library ---


def library_of_many(place: Place) -> None:
    """The Studies page of a large library, and a look at a study with many records."""
    sizes, home = place.sizes, place.folder / "library"
    few, many = home / "few", home / "many"
    few.mkdir(parents=True)
    many.mkdir()
    fill(few, 1)
    fill(many, sizes.studies)
    # The first start finds nothing kept of what lists say; later ones do.
    told_of_visits("nothing kept", [visited(few, many)])
    if sizes.starts > 1:
        later = [visited(few, many) for _ in range(sizes.starts - 1)]
        told_of_visits("later start", later)
    told_of_records(place)


def told_of_visits(start: str, visits: Sequence[Mapping[str, float]]) -> None:
    """What visits of the Studies page took, after starts of one kind."""
    for name in visits[0]:
        value = median_of([visit[name] for visit in visits])
        met = value <= MOST_SECONDS
        told = f"Studies, {start}, {name}"
        said(told, f"{value:.2f} s", f"≤ {MOST_SECONDS:.0f} s", met)


def fill(home: Path, size: int) -> None:
    """A library of so many small studies, copies of one."""
    with in_home(home):
        planting = planted_study(("fairness",), ("en", "fr"), (2, 24, 8))
        made = stored("study-1", planting)
    for number in range(2, size + 1):
        shutil.copytree(made, made.parent / f"study-{number}")


@contextmanager
def in_home(home: Path) -> Iterator[None]:
    """Work in a home of one's own."""
    before = os.environ.get("BABELSCOPE_HOME")
    os.environ["BABELSCOPE_HOME"] = str(home)
    try:
        yield
    finally:
        del os.environ["BABELSCOPE_HOME"]
        if before is not None:
            os.environ["BABELSCOPE_HOME"] = before


def visited(few: Path, many: Path) -> dict[str, float]:
    """What visits of a process that has just begun took."""
    return told_by("--visit", str(few), str(many))


def told_by(*words: str) -> dict[str, float]:
    """What another process of this benchmark says."""
    command = [sys.executable, "-m", "benchmarks.scale", *words]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def visit_libraries(few: Path, many: Path) -> None:
    """Visit the Studies page where there are few studies, then where there are many."""
    from tests.visits import visit

    with in_home(few):
        # What a page imports is not the library's fault.
        visit("pages/studies.py")
    found = {}
    with in_home(many):
        for name in ("first visit", "again"):
            processor, clock = time.process_time(), time.perf_counter()
            visit("pages/studies.py")
            found[name] = time.perf_counter() - clock
            found[f"{name}, processor"] = time.process_time() - processor
    print(json.dumps(found))


def told_of_records(place: Place) -> None:
    """What it takes to look at a study that several processes compute, again and again."""
    with in_home(place.folder / "recorded"):
        folder = recorded(place.sizes.recorded)
        looks = []
        for _ in range(ROUNDS):
            looks.append(seconds_of(lambda: standing.standing(folder)))
    records = len(commits.told_files(folder))
    said(f"a look at {records:,} records, first", f"{looks[0]:.2f} s")
    said(f"a look at {records:,} records, again", f"{median_of(looks[1:]):.3f} s")


def seconds_of(work: Callable[[], object]) -> float:
    """Seconds that something takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def recorded(design: Design) -> Path:
    """A study all of whose cells were added by several processes, and not yet folded."""
    concepts = tuple(f"concept {number}" for number in range(design.concepts))
    languages = tuple(codes(design.languages))
    study = planted_study(concepts, languages, (2, design.pairs, 8))
    folder = stored("recorded", study, cells=0)
    commits.share(folder)
    for cell in coverage.pair_cells(store.read_manifest(folder)):
        add_cell(folder, study, cell)
    return folder


def add_cell(folder: Path, study: Study, cell: PairCell) -> None:
    """Commit one cell of a study that is known."""
    stage, c, a = cell
    tensors = {}
    for array, values in CELLS[stage](study, c, a).items():
        tensors[f"{array}/{c}/{a}"] = values
    store.add_file(folder, f"{stage}-{c:03d}-{a:03d}.safetensors", tensors)


# --- A plan for a paper ---


@dataclass(frozen=True)
class Plan:
    """A paper's models, each of a size, with the same concepts, languages and pairs.

    So many ``workers``, each on a study of its own, are to be done within the ``days``.
    """

    models: int = 1000
    design: Design = Design(7, 100, 400)
    layers: int = 32
    hidden: int = 4096
    workers: int = 8
    days: int = 7

    @property
    def cells(self) -> int:
        """Cells of a study: vectors and scores."""
        return 2 * self.design.concepts * self.design.languages

    @property
    def seconds(self) -> float:
        """Seconds in which a study has to be computed."""
        return self.days * 86_400 * self.workers / self.models


@dataclass(frozen=True)
class Unit:
    """What was measured here of small studies.

    ``arrays``: bytes of each array in a study of the plan; ``files`` of a complete study;
    bytes of a ``record``, and of a ``pair`` in a manifest; seconds of a ``commit``, of a
    ``look`` at a record, and of ``opening`` a study.
    """

    arrays: Mapping[str, int]
    files: int
    record: float
    pair: float
    commit: float
    look: float
    opening: float


@dataclass(frozen=True)
class Bound:
    """Something that ends: what is needed of it, how much there is, and the remedy."""

    name: str
    needed: float
    there: float
    unit: str
    remedy: str

    @property
    def share(self) -> float:
        """What is needed as a share of what is there."""
        return self.needed / self.there


def paper(place: Place) -> None:
    """What a paper's plan takes, and where it would break first."""
    plan = Plan()
    with in_home(place.folder / "paper"):
        unit = measured_unit(plan, place)
    told_of_plan(plan, unit)
    print("What breaks first, as a share of what is there; and what is then done:")
    for bound in sorted(bounds_of(plan, unit), key=lambda each: -each.share):
        told = f"{bound.needed:,.1f} of {bound.there:,.1f} {bound.unit}"
        said(f"{bound.share:10,.3f} ×  {bound.name}", told)
        print(f"              {bound.remedy}")


def measured_unit(plan: Plan, place: Place) -> Unit:
    """Sizes and seconds of small studies."""
    folder = small_study(plan, place.folder)
    manifest = store.read_manifest(folder)
    texts = len(json.dumps(to_json(manifest.pairs), indent=1))
    opening = []
    for _ in range(ROUNDS):
        opening.append(seconds_of(lambda: library.open_by_name(folder.name)))
    begun = time.perf_counter()
    shared = recorded(place.sizes.recorded)
    commit = (time.perf_counter() - begun) / place.sizes.recorded.cells
    records = list((shared / commits.FOLDER).glob(f"*{commits.ENDING}"))
    look = seconds_of(lambda: store.read_manifest(shared))
    again = seconds_of(lambda: store.read_manifest(shared))
    return Unit(
        arrays=arrays_of(folder, manifest, plan),
        files=len(manifest.files) + 1,
        record=statistics.fmean(path.stat().st_size for path in records),
        pair=texts / (len(manifest.concepts) * plan.design.pairs),
        commit=commit,
        look=min(look, again) / len(records),
        opening=median_of(opening),
    )


def small_study(plan: Plan, folder: Path) -> Path:
    """A study of a small model with as many pairs as the plan has."""
    home = Path(os.environ["BABELSCOPE_HOME"])
    tiny.save(home / "models" / "tiny", "llama")
    corpus = folder / "paper.csv"
    plant_corpus(corpus, replace(plan.design, concepts=1, languages=2))
    before = os.environ.get("BABELSCOPE_MODELS")
    os.environ["BABELSCOPE_MODELS"] = str(home / "models")
    try:
        made = bs.extract("tiny", corpus, device="cpu")
    finally:
        if before is not None:
            os.environ["BABELSCOPE_MODELS"] = before
    return store.root() / made.name


def arrays_of(folder: Path, manifest: Manifest, plan: Plan) -> dict[str, int]:
    """Bytes of each array in a study of the plan, with the types that were measured."""
    lengths = {
        "language": plan.design.languages,
        "pair": plan.design.pairs,
        "layer": plan.layers,
        "hidden": plan.hidden,
    }
    places = plan.design.concepts * plan.design.languages
    found: dict[str, int] = {}
    for file, entry in manifest.files.items():
        for key, tensor in headers(folder, file, entry.keys).items():
            name = key.partition("/")[0]
            size = places * BYTES_OF[tensor.kind]
            for dimension, length in zip(DIMENSIONS[name], tensor.shape):
                size *= lengths.get(dimension, length)
            found[name] = size
    return found


def told_of_plan(plan: Plan, unit: Unit) -> None:
    """Bytes, files and commits."""
    study = sum(unit.arrays.values())
    said("plan", f"{plan.models:,} models, {plan.design}")
    said("width of its models", f"{plan.layers} × {plan.hidden}")
    for name, size in sorted(unit.arrays.items(), key=lambda each: -each[1])[:4]:
        said(f"bytes of a study, {name}", f"{size / 1e9:.2f} GB")
    said("bytes of a study", f"{study / 1e9:.2f} GB")
    said("bytes of the plan", f"{plan.models * study / 1e12:.2f} TB")
    said("cells and commits of the plan", f"{plan.models * plan.cells:,}")
    said(
        "files of a study: whole, while it is computed",
        f"{unit.files}, {2 * plan.cells}",
    )
    pace = plan.models * plan.cells / (plan.days * 86_400)
    said(
        f"commits a second, by {plan.workers} workers in {plan.days} days",
        f"{pace:.2f}",
    )
    said("commits a second of this disk", f"{1 / unit.commit:.0f}")


def bounds_of(plan: Plan, unit: Unit) -> list[Bound]:
    """All that ends."""
    study, largest = sum(unit.arrays.values()), max(unit.arrays.values())
    disk, nodes = shutil.disk_usage(store.root()), os.statvfs(store.root())
    manifest = plan.cells * unit.record + unit.pair * (
        plan.design.concepts * plan.design.pairs
    )
    looks = LOOKS * plan.design.concepts * plan.cells * unit.look
    return [
        Bound(
            "disk",
            plan.models * study / 1e12,
            disk.free / 1e12,
            "TB",
            "A full disk ends no study: what is there goes on elsewhere. Most is margins: "
            "fewer languages in a study, or studies that are done pushed to a hub.",
        ),
        Bound(
            "a study as one file",
            study / GIBIBYTE,
            settings.MAX_STUDY_BYTES / GIBIBYTE,
            "GiB",
            "It is computed and opened here, but not packed: a study for each few concepts.",
        ),
        Bound(
            "one array",
            largest / GIBIBYTE,
            settings.MAX_STUDY_BYTES / GIBIBYTE,
            "GiB",
            "Refused when it is added elsewhere: fewer languages or concepts in a study.",
        ),
        Bound(
            "memory when a study's cells are put into one file",
            COPIES * largest / GIBIBYTE,
            psutil.virtual_memory().available / GIBIBYTE,
            "GiB",
            "The cells are all kept, and are merged by whoever goes on where there is more.",
        ),
        Bound(
            "manifest of a study while it is computed",
            manifest / MEBIBYTE,
            store.MAX_MANIFEST_BYTES / MEBIBYTE,
            "MiB",
            "Refused before anything is computed: fewer concepts or languages in a study.",
        ),
        Bound(
            "commits of all, by this disk alone",
            plan.models * plan.cells * unit.commit / 86_400,
            plan.days,
            "days",
            "Homes on several disks; a study needs one of them only.",
        ),
        Bound(
            "looks at records, of the time of a study",
            looks,
            MOST_KEEPING * plan.seconds,
            "s",
            "Fewer concepts in a study: its records are looked at for each of them.",
        ),
        Bound(
            "files of whole studies",
            plan.models * unit.files,
            max(nodes.f_favail, 1),
            "files",
            "Homes on several disks.",
        ),
        Bound(
            "the first list of all studies",
            plan.models * unit.opening,
            MOST_SECONDS,
            "s",
            "It waits once; what it says is then kept, for later starts of the server too.",
        ),
    ]


# --- A GPU ---


def gpu(place: Place) -> None:
    """Tokens a second of extraction and of the bare forward pass, by 1 and 8 processes."""
    if place.device == "cuda" and not torch.cuda.is_available():
        said("gpu", "there is none here")
        print("    Run it where there is one, or try that it works: gpu --device cpu")
        return
    for ways in PROCESSES:
        told = at_once(place, ways)
        bare = sum(each["bare"] for each in told)
        ours = sum(each["ours"] for each in told)
        said(f"{ways} at once, bare forward pass", f"{bare:,.0f} tokens/s")
        met = ours >= LEAST_PACE * bare
        said(
            f"{ways} at once, extraction",
            f"{ours:,.0f} tokens/s, {ours / bare:.2f} ×",
            f"≥ {LEAST_PACE} ×",
            met,
        )


def at_once(place: Place, ways: int) -> list[dict[str, float]]:
    """What so many processes measured at the same time, spread over all GPUs."""
    devices = max(1, torch.cuda.device_count())
    with ThreadPoolExecutor(ways) as threads:
        asked = []
        for number in range(ways):
            device = f"cuda:{number % devices}" if place.device == "cuda" else "cpu"
            words = ("--pace", device, str(place.sizes.texts))
            asked.append(threads.submit(told_by, *words))
        return [each.result() for each in asked]


def pace(device: str, texts: int) -> None:
    """Print tokens a second on a device, in turns: the bare pass and extraction."""
    loaded = random_llama(texts, torch.bfloat16 if device != "cpu" else torch.float32)
    torch.nn.Module.to(loaded.model, device)
    rows = rows_of(loaded)
    names = list(rows)[-texts:]
    tokens = sum(len(rows[name]) for name in names)
    reading = Reading(TOKEN_BUDGET["cpu" if device == "cpu" else "cuda"])
    bare_pass(loaded, names[:WARMING], reading)
    extraction_pass(loaded, names[:WARMING], reading)
    rounds = []
    for _ in range(ROUNDS):
        bare = seconds_of(lambda: bare_pass(loaded, names, reading))
        ours = seconds_of(lambda: extraction_pass(loaded, names, reading))
        rounds.append((tokens / bare, tokens / ours))
    print(
        json.dumps(
            {
                "bare": median_of([bare for bare, _ in rounds]),
                "ours": median_of([ours for _, ours in rounds]),
            }
        )
    )


def rows_of(loaded: Loaded) -> dict[str, list[int]]:
    """The tokens of every text that the stand-in for a tokenizer knows."""
    return cast(Ids, loaded.tokenizer).rows


@torch.inference_mode()
def bare_pass(loaded: Loaded, names: Sequence[str], reading: Reading) -> None:
    """The same batches through the same blocks; no head, no hook, nothing kept."""
    known = rows_of(loaded)
    rows = [known[name] for name in names]
    device = next(loaded.model.parameters()).device
    for batch in batched([len(row) for row in rows], reading.budget):
        width = max(len(rows[i]) for i in batch)
        padded = [rows[i] + [0] * (width - len(rows[i])) for i in batch]
        loaded.decoder(input_ids=torch.tensor(padded, device=device), use_cache=False)
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def extraction_pass(loaded: Loaded, names: Sequence[str], reading: Reading) -> None:
    """What a cell of vectors reads of pairs that are all held out in turn."""
    pairs = len(names) // 2
    weights = np.random.default_rng(1).standard_normal((ESTIMATES, len(names)))
    layers = len(loaded.blocks)
    with Differences(pairs, layers, loaded.hidden) as differences:
        consumers = [
            LinearReadout(weights, layers, loaded.hidden),
            StateNorms(layers),
            differences,
        ]
        stream(loaded, list(names), consumers, reading)


# --- The command ---

PARTS: dict[str, Callable[[Place], None]] = {
    "together": together,
    "memory": memory,
    "library": library_of_many,
    "paper": paper,
    "gpu": gpu,
}


def main() -> None:
    """Measure what is asked for, one part after the other."""
    parser = argparse.ArgumentParser(
        description="What many languages, pairs, studies and processes cost"
    )
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="small sizes")
    parser.add_argument("--whole", action="store_true", help="7 × 16 × 400 pairs")
    parser.add_argument("--rounds", type=int, default=0, help="of the part together")
    parser.add_argument("--device", default="cuda", help="of the part gpu")
    parser.add_argument("--visit", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--pace", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.visit:
        visit_libraries(*map(Path, options.visit))
        return
    if options.pace:
        pace(options.pace[0], int(options.pace[1]))
        return
    unknown = set(options.parts) - PARTS.keys()
    if unknown:
        parser.error(
            f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}"
        )
    sizes = QUICK if options.quick else Sizes()
    if options.whole:
        sizes = replace(sizes, together=WHOLE)
    if options.rounds:
        sizes = replace(sizes, rounds=options.rounds)
    logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder), sizes, options.device)
        plant_models(place.folder / "models")
        for part in options.parts or PARTS:
            begun = time.perf_counter()
            PARTS[part](place)
            print(f"({part}: {time.perf_counter() - begun:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
