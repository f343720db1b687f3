"""Several processes compute one study: each cell once, the same bytes, nothing lost."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from analysis.concepts import plan
from analysis.core.errors import DiskError, SpecError, Stopped, StudyError
from analysis.core.specs import ModelSpec
from analysis.questions import plan as asked
from analysis.sentences import plan as sentences
from analysis.sentences.parallel import ParallelText
from analysis.study import claims, commits, library, store, together
from analysis.study.claims import Claims
from analysis.study.manifest import FileEntry, Manifest
from analysis.study.together import Group, Shard, read_shard
from analysis.words import plan as words
from babelscope import clusters, commands
from tests import asking, reading
from tests.test_word_cells import WORDS, reader
from tests.test_word_cells import spec as word_spec

ROOT = Path(__file__).parent.parent
CELLS = 12
"""Of two concepts in three languages: a vector and a score each."""
QUICK = 0.6
"""Seconds of a lease."""


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home of its own."""
    monkeypatch.setenv("BABELSCOPE_HOME", str(tmp_path))
    return tmp_path


def begun(title: str, split: str = "5 folds") -> Path:
    """A study of which nothing is computed."""
    given = reading.corpus()
    spec = reading.spec(given, split=split)
    return plan.begin(spec, given, reading.FakeReader(), title)


def content(folder: Path) -> dict[str, bytes]:
    """Every file of a study but its lock, with its bytes."""
    found = {}
    for path in sorted(folder.rglob("*")):
        # What a kill left under a temporary name is swept at the next start.
        is_left = path.name.startswith(".tmp-")
        if path.is_file() and path.name != store.LOCK and not is_left:
            data = path.read_bytes()
            found[path.name] = data.replace(b'"together"', b'"alone"')
    return found


def alone(split: str = "5 folds") -> dict[str, bytes]:
    """What one process leaves."""
    folder = begun("alone", split)
    plan.run(folder, reading.corpus(), reading.FakeReader())
    return content(folder)


def process(home: Path, name: str, *words: object) -> subprocess.Popen[str]:
    """A process that takes part."""
    command = [sys.executable, "-m", "tests.sharing", "pairs", name, *map(str, words)]
    environment = {**os.environ, "BABELSCOPE_HOME": str(home), "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(each: subprocess.Popen[str]) -> list[str]:
    """The lines of a process that ended well."""
    out, error = each.communicate(timeout=120)
    assert each.returncode == 0, error
    return [line for line in out.splitlines() if line]


def test_four_processes_compute_each_cell_once_and_leave_one_process_s_bytes(home):
    folder = begun("together")
    running = [process(home, folder.name, k, 4, 20, 0.05) for k in (1, 2, 3, 4)]
    computed = [cell for each in running for cell in ended(each)]
    assert len(computed) == len(set(computed)) == CELLS
    assert content(folder) == alone()
    assert library.open_by_name(folder.name).complete


@pytest.mark.parametrize("seed", range(2))
def test_processes_that_are_killed_lose_nothing(home, seed):
    draw = random.Random(seed)
    folder = begun("together", draw.choice(["5 folds", "by pair"]))
    spec = store.read_manifest(folder).spec or {}
    for _ in range(2):
        running = [process(home, folder.name, k, 2, QUICK, 0.1) for k in (1, 2)]
        time.sleep(draw.uniform(0.5, 3))
        for each in running:
            each.send_signal(signal.SIGKILL)
            each.communicate()
    ended(process(home, folder.name, 1, 1, QUICK))
    assert content(folder) == alone(spec["split"])


def test_a_process_that_hangs_is_taken_over_by_one_alone(home, monkeypatch):
    """Its heart stands still; clocks that are an hour apart change nothing."""
    folder = begun("together")
    store.share(folder)
    monkeypatch.setattr(Claims, "beat", lambda self: None)
    hung = Claims(folder, QUICK)
    claims.files.make_folder(hung.folder)
    assert hung.take("concept-000")
    monkeypatch.setattr(claims.time, "time", lambda: 3600.0)
    waiting = [Claims(folder, QUICK) for _ in range(2)]
    assert not any(each.take("concept-000") for each in waiting)
    time.sleep(2 * QUICK)
    won = [each.take("concept-000") for each in waiting]
    assert sorted(won) == [False, True]
    assert "ended" in waiting[0].lost("concept-000")[0]


def test_who_lives_is_not_taken_over(home):
    folder = begun("together")
    store.share(folder)
    with Claims(folder, QUICK) as lives, Claims(folder, QUICK) as other:
        assert lives.take("concept-000")
        begin = time.monotonic()
        while time.monotonic() - begin < 3 * QUICK:
            assert not other.take("concept-000")
            time.sleep(QUICK / 5)
        lives.release("concept-000")
        assert other.take("concept-000")
        assert not other.lost("concept-000")


def test_a_claim_that_was_cut_off_is_taken_over(home):
    folder = begun("together")
    store.share(folder)
    with Claims(folder, QUICK) as own:
        own.path("concept-000", 0).write_text("")
        assert not own.take("concept-000")
        time.sleep(2 * QUICK)
        assert own.take("concept-000")


def test_who_died_three_times_is_not_computed_a_fourth_time(home):
    """Others would fold the study while the fourth is at work."""
    folder = begun("together")
    store.share(folder)
    with Claims(folder, QUICK) as own:
        for generation in range(3):
            dead = claims.Claim("concept-000", generation, f"dead-{generation}")
            path = own.path("concept-000", generation)
            path.write_text(json.dumps(asdict(dead)))
    with pytest.raises(StudyError, match="set aside.*dead-2 ended"):
        plan.run_together(
            folder, reading.corpus(), reading.FakeReader(), Shard(lease=QUICK)
        )
    missing = library.open_by_name(folder.name).missing
    assert len(missing) == CELLS / 2 and all("fairness" in cell for cell in missing)


def test_nobody_begins_anew_while_files_are_merged(home, monkeypatch):
    """A task of an array may start at the moment at which others are done."""
    folder = begun("together")
    seal = store.seal

    def slow(there: Path) -> None:
        assert commits.are_shared(there)
        seal(there)
        assert commits.are_shared(there)

    monkeypatch.setattr(store, "seal", slow)
    plan.run_together(folder, reading.corpus(), reading.FakeReader(), Shard())
    assert not commits.are_shared(folder)
    monkeypatch.setattr(store, "seal", seal)
    assert content(folder) == alone()


def test_a_latecomer_leaves_what_others_share_as_it_is(home):
    """They may compute words by now, of which it knows nothing."""
    folder = begun("together")
    plan.run(folder, reading.corpus(), reading.FakeReader())
    store.share(folder)
    told: list[str] = []

    def progress(done: int, of: int, doing: str) -> None:
        assert commits.are_shared(folder)
        told.append(doing)

    late = threading.Thread(
        target=plan.run_together,
        args=(folder, reading.corpus(), reading.FakeReader(), Shard(lease=QUICK)),
        kwargs={"progress": progress},
    )
    with Claims(folder, QUICK):
        late.start()
        time.sleep(2 * QUICK)
        assert commits.are_shared(folder)
    late.join()
    assert set(told) == {"waiting for other processes"}
    assert not commits.are_shared(folder)


def test_one_that_slept_takes_no_file_away_that_counts(home):
    folder = begun("together")
    with pytest.raises(StudyError):
        plan.run_together(folder, reading.corpus(), Failing(), Shard(lease=QUICK))
    entries = store.read_manifest(folder).files
    file = next(iter(entries))
    with safe_open(folder / file, "numpy") as held:
        tensors = {key: held.get_tensor(key) for key in entries[file].keys}
    store.add_file(folder, file, tensors)
    store.check_files(folder, store.read_manifest(folder), hashes=True)


def test_who_slept_through_the_end_beats_and_folds_no_more(home):
    folder = begun("together")
    store.share(folder)
    with Claims(folder, QUICK) as slept:
        commits.end(folder)
        store.share(folder)
        with Claims(folder, QUICK) as later:
            with suppress(OSError):
                slept.beat()
            assert slept.are_over and not later.are_over
            together.fold(folder, together.Plan((), print), slept)
            assert commits.are_shared(folder)
    commits.end(folder)


def test_many_share_one_study_at_the_same_moment(home):
    folder = begun("together")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(store.share, [folder] * 8))
    assert commits.are_shared(folder)


def test_a_study_whose_processes_are_gone_can_be_deleted_or_settled(home):
    folder = begun("together")
    store.share(folder)
    with Claims(folder), pytest.raises(StudyError, match="several processes"):
        library.delete(folder.name)
    library.restore(library.delete(folder.name))
    plan.run_together(folder, reading.corpus(), reading.FakeReader(), Shard())
    store.share(folder)
    together.settle(folder, together.without_progress, Shard(lease=QUICK))
    assert content(folder) == alone()


def test_a_record_that_is_folded_while_it_is_read_is_none(home, monkeypatch):
    folder = begun("together")
    gone = folder / commits.FOLDER / "vector-000-000.safetensors.json"
    monkeypatch.setattr(commits.disk, "listed", lambda there: [gone])
    assert commits.told_files(folder) == {}


def test_records_are_read_once_and_again_when_they_change(home, monkeypatch):
    folder = begun("together")
    store.share(folder)
    entry = FileEntry(bytes=1, sha256="0" * 64, keys=("concept_vector/0/0",))
    commits.add(folder, "vector-000-000.safetensors", entry)
    read = []
    real = Path.read_bytes

    def counted(path):
        read.append(path.name)
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", counted)
    looks = [commits.told_files(folder) for _ in range(3)]
    assert looks == [{"vector-000-000.safetensors": entry}] * 3 and len(read) == 1
    longer = replace(entry, bytes=22)
    commits.add(folder, "vector-000-000.safetensors", longer)
    assert list(commits.told_files(folder).values()) == [longer] and len(read) == 2


@pytest.mark.parametrize("groups", [12, 24])
def test_claims_of_other_groups_are_not_read(home, monkeypatch, groups):
    """What one process reads of claims grows with the groups, not with their square."""
    folder = begun("together")
    read = []
    real = Path.read_text

    def counted(path, *given, **named):
        if ".claim-" in path.name:
            read.append(path.name)
        return real(path, *given, **named)

    def tell(group):
        entry = FileEntry(bytes=1, sha256="0" * 64, keys=tuple(group.keys))
        commits.add(folder, f"{group.name}.safetensors", entry)

    names = [f"part-{number:02d}" for number in range(groups)]
    parts = [Group(name, frozenset({f"{name}/0/0"}), ()) for name in names]
    monkeypatch.setattr(Path, "read_text", counted)
    store.share(folder)
    with Claims(folder, QUICK) as own:
        whole = together.Plan(parts, tell)
        together.taking_turns(folder, whole, lambda *told: None, Shard(), own)
        assert not together.missing(folder, whole)
    # Each once, after it was taken: whether all who took it have died.
    assert sorted(read) == [f"{name}.claim-0" for name in names]


def test_no_cell_of_folds_looks_at_what_others_have_added(home, monkeypatch):
    """Whoever did would read as many records as there are cells, for each of them."""
    folder = begun("together")
    looks, inside = [], []
    told_files, cells = commits.told_files, dict(plan.FOLDED_CELLS)

    def counted(*given):
        looks.append(bool(inside))
        return told_files(*given)

    def watched(stage, *given):
        inside.append(stage)
        try:
            return cells[stage](*given)
        finally:
            inside.pop()

    monkeypatch.setattr(commits, "told_files", counted)
    for stage in cells:
        monkeypatch.setitem(plan.FOLDED_CELLS, stage, partial(watched, stage))
    plan.run_together(folder, reading.corpus(), reading.FakeReader(), Shard())
    assert looks and not any(looks)
    assert content(folder) == alone()


def test_only_the_newest_claim_on_a_group_is_read_for_where_it_stands(home):
    folder = begun("together")
    store.share(folder)
    with Claims(folder, QUICK) as own:
        for generation in range(11):
            assert own.make("concept-000", generation)
        own.release("concept-000", "out of memory")
        assert own.take("concept-001")
        newest = {claim.group: claim for claim in claims.newest_claims(folder)}
        # Ten comes after nine, though not by the letter.
        assert newest["concept-000"].generation == 10
        assert own.last("concept-000") == newest["concept-000"]
        assert newest["concept-000"].error == "out of memory"
        assert not newest["concept-001"].released
        lost = own.lost_of(["concept-000", "concept-001", "concept-002"])
    assert lost["concept-000"][-1] == "out of memory" and len(lost["concept-000"]) == 11
    assert lost["concept-001"] == lost["concept-002"] == []


def test_a_damaged_record_is_told(home):
    folder = begun("together")
    store.share(folder)
    (folder / commits.FOLDER / "vector-000-000.safetensors.json").write_text("{")
    with pytest.raises(StudyError, match="record vector-000-000.* damaged"):
        library.open_by_name(folder.name)


class Failing(reading.FakeReader):
    """Cannot read one concept."""

    def stream(self, texts, consumers):
        """Fail at “truth”."""
        if texts[0].startswith("truth"):
            raise RuntimeError("out of memory")
        super().stream(texts, consumers)


def test_what_fails_three_times_is_set_aside_and_the_rest_goes_on(home):
    folder = begun("together")
    with pytest.raises(StudyError, match="1 part .*set aside.*out of memory"):
        plan.run_together(folder, reading.corpus(), Failing(), Shard(lease=QUICK))
    missing = library.open_by_name(folder.name).missing
    assert len(missing) == CELLS / 2
    assert all("truth" in cell for cell in missing)
    assert not commits.are_shared(folder)
    plan.run_together(folder, reading.corpus(), reading.FakeReader(), Shard())
    assert content(folder) == alone()


def test_a_full_disk_and_stop_are_told_and_hand_the_part_on(home, monkeypatch):
    folder = begun("together")
    add = commits.add

    def full(*given):
        raise DiskError("“x” could not be kept: no room is left.")

    monkeypatch.setattr(commits, "add", full)
    with pytest.raises(DiskError, match="no room"):
        plan.run_together(folder, reading.corpus(), reading.FakeReader(), Shard())
    monkeypatch.setattr(commits, "add", add)

    def stop(done, total, doing):
        if "score" in doing:
            raise Stopped("stopped")

    with pytest.raises(Stopped):
        plan.run_together(folder, reading.corpus(), reading.FakeReader(), Shard(), stop)
    assert len(library.open_by_name(folder.name).missing) == CELLS - 3
    plan.run_together(folder, reading.corpus(), reading.FakeReader(), Shard())
    assert content(folder) == alone()


def test_who_computes_alone_and_who_takes_part_keep_apart(home):
    folder = begun("together")
    store.share(folder)
    with pytest.raises(StudyError, match="several processes together"):
        plan.run(folder, reading.corpus(), reading.FakeReader())
    other = begun("other")
    with store.writing(other), pytest.raises(StudyError, match="by another job"):
        store.share(other)


def test_whoever_reads_meanwhile_sees_what_is_there(home):
    """Records are folded while a reader opens the study again and again."""
    folder = begun("together")
    seen: list[int] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.append(len(store.open_study(folder).missing))

    reader = threading.Thread(target=read)
    reader.start()
    plan.run_together(folder, reading.corpus(), reading.FakeReader(), Shard())
    done.set()
    reader.join()
    assert seen == sorted(seen, reverse=True)


def test_what_was_opened_before_files_are_merged_can_be_read_after(home):
    """A page has opened a study, and asks for its arrays as it draws."""
    folder = begun("together")
    opened = []

    def look(done: int, of: int, doing: str) -> None:
        opened.append(store.open_study(folder))

    given = (folder, reading.corpus(), reading.FakeReader(), Shard(), look)
    plan.run_together(*given)
    before = opened[-1]
    whole = store.open_study(folder)
    assert before.manifest.files != whole.manifest.files
    assert np.array_equal(before.array("concept_vector"), whole.array("concept_vector"))


def test_files_that_are_merged_while_a_study_is_opened_are_found(home, monkeypatch):
    """Between its manifest and a look at its files."""
    folder = begun("together")
    plan.run(folder, reading.corpus(), reading.FakeReader())
    check = store.check_arrays
    whole = store.read_manifest(folder)
    file, entry = next(iter(whole.files.items()))
    early = replace(whole, files={**whole.files, "cell.safetensors": entry})
    del early.files[file]
    (folder / "cell.safetensors").write_bytes((folder / file).read_bytes())
    store.write_manifest(folder, early)

    def late(there: Path, manifest: Manifest) -> None:
        if "cell.safetensors" in manifest.files:
            store.write_manifest(folder, whole)
            (folder / "cell.safetensors").unlink()
        check(there, manifest)

    monkeypatch.setattr(store, "check_arrays", late)
    assert store.open_study(folder).manifest.files == whole.files


def words_of(title: str, shard: Shard | None) -> dict[str, bytes]:
    """Words in a study of their own, by one process or by several in turn."""
    folder = words.begin(word_spec(), WORDS, reader, title)
    if shard is None:
        words.run(folder, reader)
    else:
        words.run_together(folder, reader, shard)
    return content(folder)


def questions_of(title: str, shard: Shard | None) -> dict[str, bytes]:
    """Questions in a study of their own."""
    given = asking.questions(("en", "fr"), items=6)
    planted = asking.PlantedReader()
    folder = asked.begin_asking(asking.question_spec(given), given, planted, title)
    if shard is None:
        asked.run_asking(folder, given, planted, None, together.without_progress)
    else:
        asked.run_together(
            folder, given, planted, None, together.without_progress, shard
        )
    return content(folder)


class SentenceReader(reading.FakeReader):
    """Reads sentences that begin with the name of a concept."""

    def hollow(self, texts):
        """Every text has a token."""
        return []

    def own_tokens(self, texts):
        """Words stand in for tokens."""
        return [len(text.split()) for text in texts]


TEXT = ParallelText(
    "small",
    ("en", "fr"),
    ("a", "b"),
    (("truth one", "fairness two more"), ("truth un", "fairness deux")),
)


def sentences_of(title: str, shard: Shard | None) -> dict[str, bytes]:
    """Parallel sentences in a study of their own."""
    readings = ("mean over tokens", "last token")
    spec = sentences.sentence_spec(ModelSpec("fake"), TEXT, readings)
    stub = SentenceReader()
    folder = sentences.begin(spec, TEXT, lambda position: stub, title)
    if shard is None:
        sentences.run(folder, TEXT, lambda position: stub)
    else:
        sentences.run_together(folder, TEXT, lambda position: stub, shard)
    return content(folder)


@pytest.mark.parametrize("made", [words_of, questions_of, sentences_of])
def test_other_parts_are_computed_together_too(home, made):
    assert made("together", Shard(2, 3)) == made("alone", None)


def test_english_questions_come_first(home):
    """The others need them: who cannot have them waits, and takes what is free then."""
    given = asking.questions(("en", "fr"), items=6)
    planted = asking.PlantedReader()
    folder = asked.begin_asking(asking.question_spec(given), given, planted, "together")
    store.share(folder)
    manifest = store.read_manifest(folder)
    english = asked.file_of_english(manifest)
    with Claims(folder, QUICK) as other:
        other.take(english)
        told: list[str] = []

        def progress(done: int, of: int, doing: str) -> None:
            told.append(doing)
            if len(told) == 3:
                other.release(english)

        asked.run_together(folder, given, planted, None, progress, Shard(2, 2, QUICK))
    assert told[:3] == ["waiting for other processes"] * 3
    assert told[3] == english


def test_status_says_what_runs_what_failed_and_what_is_left(home, capsys):
    folder = begun("together")
    assert commands.main(["status", folder.name]) == 0
    assert f"0 of {CELLS} cells done" in capsys.readouterr().out
    with pytest.raises(StudyError):
        plan.run_together(folder, reading.corpus(), Failing(), Shard(lease=QUICK))
    commands.main(["status", folder.name])
    said = capsys.readouterr().out
    assert f"6 of {CELLS} cells done" in said and "--resume" in said
    store.share(folder)
    with Claims(folder) as own:
        own.take("concept-001")
        own.take("concept-000")
        own.release("concept-000", "concept-000: out of memory")
        own.take("concept-002")
        own.done("concept-002")
        commands.main(["status", folder.name])
    said = capsys.readouterr().out
    concepts = store.read_manifest(folder).concepts
    assert f"running  {concepts[1]} on " in said
    assert f"failed   {concepts[0]}: out of memory" in said
    assert "concept-0" not in said
    assert commands.main(["status", "demo"]) == 0
    assert commands.main(["status", "no such"]) == 2


@pytest.mark.parametrize("system", clusters.SYSTEMS)
def test_a_script_is_one_that_the_shell_reads(system, tmp_path, capsys):
    asked = ["script", system, "--shards", "3", "--gpus", "1", "--hours", "1.5"]
    given = ["extract", "--model", "an owner's/model", "--corpus", "a b.csv"]
    assert commands.main([*asked, "--", *given]) == 0
    text = capsys.readouterr().out
    path = tmp_path / "job.sh"
    path.write_text(text)
    read = subprocess.run(["bash", "-n", path], capture_output=True, text=True)
    assert not read.returncode and not read.stderr
    assert "'a b.csv'" in text
    assert "/3" in text and "--shard" in text
    if system != "parallel":
        assert "01:30:00" in text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--", "model", "list"], "given is model"),
        (["--", "words", "--model", "m"], "--resume STUDY"),
        (["--", "extract", "--shard", "1/2"], "Leave --shard out"),
        (["--shards", "0", "--", "extract"], "must be 1 to"),
        (["--memory", "16G; rm x", "--", "extract"], "no name or size"),
    ],
)
def test_a_script_of_what_cannot_be_is_refused(given, said, capsys):
    assert commands.main(["script", "slurm", *given]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("text", ["0/4", "5/4", "1", "a/b", "1/0", "-1/2", "9" * 9])
def test_a_shard_that_is_none_is_refused(text):
    with pytest.raises(SpecError, match="k/n"):
        read_shard(text)


def test_processes_begin_at_different_parts():
    names = [f"g{k}" for k in range(4)]
    groups = [together.Group(name, frozenset({name}), ()) for name in names]
    first = []
    for k in (1, 2, 3, 4):
        turn = list(together.in_turn(groups, groups, Shard(k, 4)))
        assert set(turn) == set(groups)
        first.append(turn[0].name)
    assert first == names
