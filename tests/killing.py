"""Every way of writing, done by a process that is killed at a step of the disk, and then
done again.

``python -m tests.killing FOLDER SEED KILLS``: each kind is begun, killed with -9 before
or after one of its steps, gone on with, and compared with what an unkilled one leaves.
"""

import json
import os
import random
import shutil
import signal
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import safetensors.numpy

from analysis.concepts import corpora, plan
from analysis.control import plan as control
from analysis.control import prompts
from analysis.control.prompts import Prompt, PromptSet
from analysis.plane import plan as plane
from analysis.questions import plan as asked
from analysis.questions import question_sets
from analysis.steering import vector_files
from analysis.steering.fluency import identified_language
from analysis.study import coverage, leftovers, library, notes, store
from analysis.study.manifest import QuestionsPart
from analysis.words import plan as words
from analysis.worker.questions import import_means
from analysis.worker.service import Job, Pool
from components.paperpack import basket
from tests import asking, reading, speaking
from tests.stored import stored
from tests.test_pack import small
from tests.test_word_cells import WORDS, reader
from tests.test_word_cells import spec as word_spec


def extract():
    """Contrast pairs, from the first cell to the merged files."""
    given = reading.corpus()
    spec = reading.spec(given)
    name = store.name_of(spec, "killed")
    if name not in library.names() or not library.open_by_name(name).complete:
        folder = plan.begin(spec, given, reading.FakeReader(), "killed")
        plan.run(folder, given, reading.FakeReader())


def embed():
    """Words, into a study of their own."""
    name = store.name_of(word_spec(), "killed")
    if name not in library.names() or not library.open_by_name(name).complete:
        words.run(words.begin(word_spec(), WORDS, reader, "killed"), reader)


def ask_and_sweep():
    """Questions with the sweep that is to follow; who goes on does both."""
    given = asking.questions(("en", "fr"), items=6)
    spec = asking.question_spec(given)
    wanted = replace(asking.sweep_spec(given), layers=(2, 4), strengths=(1.0,))
    folder = store.root() / store.name_of(spec, "killed")
    if not folder.is_dir():
        planted = asking.PlantedReader()
        asked.begin_asking(spec, given, planted, "killed", sweep=asdict(wanted))
    manifest = store.read_manifest(folder)
    if coverage.question_cells(manifest):
        asked.run_asking(folder, given, asking.PlantedReader(), None, nobody)
    if coverage.is_sweep_to_come(manifest):
        spec = plane.wanted_sweep(manifest.part(QuestionsPart))
        plane.begin_sweep(folder, spec, given)
    if not store.read_manifest(folder).plane.complete:
        plane.run_sweep(folder, given, asking.PlantedAnswerer(), nobody)


def nobody(*given):
    """Hears of progress."""


def push():
    """A control run."""
    study = library.open_by_name("kept")
    name = speaking.begun(study, layer_sets=2, search_prompts=2, reported_prompts=2)
    control.compute(name, speaking.FakeSpeaker())


def note():
    """Answers kept with a study."""
    study = library.open_by_name("kept")
    while len(notes.read_notes(study, "answers")) < 3:
        notes.add_notes(study, "answers", {"label": "a"}, {"label": "b"})


def add():
    """A packed study."""
    if "added" not in library.names():
        library.unpack(PACKED.read_bytes(), "added.babelscope")


def delete():
    """A study to the trash."""
    if "kept" in library.names():
        library.delete("kept")


def bring_back():
    """A study from the trash, which is then emptied."""
    for token in library.trashed():
        if token.endswith(".gone"):
            library.restore(token)
    library.purge()


def retitle():
    """Another title."""
    library.rename("kept", "Another")


def collect():
    """Figures into the basket, one of them out again and back."""
    while len(basket.items()) + len(basket.removed()) < 2:
        basket.add(small())
    for number in basket.removed():
        basket.restore(number)


def put_away():
    """A figure out of the basket."""
    for item in basket.items()[:1]:
        if not basket.removed():
            basket.remove(item.number)


def keep_corpus():
    """Contrast pairs of one's own."""
    known = corpora.demo_corpus()
    corpora.keep(replace(known, name="mine.csv", pairs=known.pairs[:20]))


def keep_prompts():
    """Prompts of one's own."""
    prompts.keep(PromptSet("mine", (Prompt("1", "en", "Hello?"),)))


def keep_vectors():
    """An imported vector."""
    vector_files.keep_vectors({1: np.ones(3, np.float32)}, "mine.npz")


def keep_questions():
    """Questions of one's own."""
    known = question_sets.demo_questions()
    mine = replace(known, name="mine", questions=known.questions[:20])
    question_sets.keep_questions(mine)


def bring_means():
    """Mean states that others measured."""
    for name in library.names():
        if library.open_by_name(name).title == "Means":
            return
    states = safetensors.numpy.save({"mean": np.ones((6, 8), np.float32)})
    given = {"en.safetensors": states, "fr.safetensors": states}
    task = import_means(given, "owner/name", "Means")
    task(Job(0, "test", "test", task), Pool())


def copy():
    """A study that comes along, copied when something is begun in it."""
    if "demo-requests-copy" not in library.names():
        library.begin_in(library.REQUESTS, begin_something)


def begin_something(folder):
    """Change a study a little."""
    with store.writing(folder):
        manifest = store.read_manifest(folder)
        store.write_manifest(folder, replace(manifest, by="somebody"))


PACKED = Path("packed.babelscope")
KINDS = {
    "extraction": extract,
    "words": embed,
    "questions with sweep": ask_and_sweep,
    "control": push,
    "notes": note,
    "library: add": add,
    "library: delete": delete,
    "library: restore": bring_back,
    "library: rename": retitle,
    "library: copy": copy,
    "basket: add": collect,
    "basket: remove": put_away,
    "corpora": keep_corpus,
    "prompts": keep_prompts,
    "vectors": keep_vectors,
    "question sets": keep_questions,
    "means": bring_means,
}


def prepare(kind):
    """What is there before a kind of writing begins."""
    if kind == "control":
        stored("kept")
    if kind == "notes" or kind.startswith("library"):
        stored("kept", cells=2)
        library.delete(stored("gone", cells=1).name)
    if kind == "basket: remove":
        collect()
    if kind == "library: add":
        PACKED.write_bytes(library.pack("kept"))


@dataclass
class Steps:
    """Counts what a process does to the disk; before or after one step it is killed."""

    last: int = 0
    made: int = 0

    def watch(self):
        """Count every step from now on."""
        for owner, name in WATCHED:
            setattr(owner, name, self.counted(getattr(owner, name)))

    def counted(self, step):
        """The same step, counted before and after."""

        def done(*given, **options):
            self.count()
            found = step(*given, **options)
            self.count()
            return found

        return done

    def count(self):
        """One more."""
        self.made += 1
        if self.made == self.last:
            os.kill(os.getpid(), signal.SIGKILL)


WATCHED = (
    (os, "fsync"),
    (Path, "mkdir"),
    (Path, "open"),
    (Path, "rename"),
    (Path, "replace"),
    (Path, "unlink"),
    (shutil, "rmtree"),
)


def child(home, kind, last=0):
    """Do a kind in a process of its own, killed at a step; the steps that it made."""
    told, tell = os.pipe()
    number = os.fork()
    if number == 0:
        status = 1
        try:
            os.environ["BABELSCOPE_HOME"] = str(home)
            steps = Steps(last)
            steps.watch()
            KINDS[kind]()
            os.write(tell, str(steps.made).encode())
            status = 0
        except BaseException as error:
            os.write(tell, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(status)
    os.close(tell)
    with os.fdopen(told) as pipe:
        said = pipe.read()
    _, ended = os.waitpid(number, 0)
    if os.WIFSIGNALED(ended):
        return 0
    if not said.isdigit():
        raise AssertionError(f"{kind}, killed at {last}: {said}")
    return int(said)


def left_in(home):
    """What is in a home, byte by byte, but for moments, numbers and locks."""
    found = []
    for path in sorted(home.rglob("*")):
        name = path.relative_to(home).as_posix()
        if path.is_file() and path.suffix != ".lock" and path.name != ".lock":
            found.append((plain(name), content(path)))
    return sorted(found)


def plain(name):
    """A path without the moment of a deletion or the number of a figure."""
    top, _, rest = name.partition("/")
    if top == "trash":
        return f"{top}/{rest.partition('.')[2]}"
    if top == "figures":
        return f"{top}/{name.rpartition('/')[2].partition('_')[0]}"
    return name


def content(path):
    """The bytes of a file; of a control run without the seconds that it took."""
    data = path.read_bytes()
    if b'"seconds"' not in data:
        return data
    known = json.loads(data)
    for entry in known["files"].values():
        del entry["seconds"]
    return json.dumps(known).encode()


def main(place, seed, kills):
    """Kill each kind so many times; prints how often, raises for what was lost."""
    os.chdir(place)
    # Worked out once, and then in the memory of every process that is forked.
    corpora.keep(corpora.demo_corpus())
    question_sets.keep_questions(question_sets.demo_questions())
    identified_language("One of several languages.")
    drawn = random.Random(seed)
    for kind in KINDS:
        before, whole = place / "before", place / "whole"
        for folder in (before, whole):
            shutil.rmtree(folder, ignore_errors=True)
        before.mkdir()
        os.environ["BABELSCOPE_HOME"] = str(before)
        prepare(kind)
        shutil.copytree(before, whole)
        steps = child(whole, kind)
        assert steps, f"{kind} does nothing"
        points = range(1, steps + 1)
        if kills and kills < steps:
            points = sorted(drawn.sample(points, kills))
        for last in points:
            again(place, kind, last)
        print(f"{kind}: killed at {len(points)} of {steps} steps", flush=True)


def again(place, kind, last):
    """Kill a kind at a step, go on, and compare with the unkilled one."""
    killed = place / "killed"
    shutil.rmtree(killed, ignore_errors=True)
    shutil.copytree(place / "before", killed)
    child(killed, kind, last)
    os.environ["BABELSCOPE_HOME"] = str(killed)
    for name in library.names():
        library.open_by_name(name)
    leftovers.sweep()
    child(killed, kind)
    leftovers.sweep()
    found, wanted = left_in(killed), left_in(place / "whole")
    names, known = dict(found).keys(), dict(wanted).keys()
    assert names == known, f"{kind}, killed at {last}: {sorted(names ^ known)}"
    differing = [name for name, _ in set(found) ^ set(wanted)]
    assert not differing, f"{kind}, killed at {last}: {differing} differ"


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
