"""Files that users upload: each read once, off the page; no upload changes what others see."""

import re
import threading
import time

import pytest

from analysis.control import prompts as sources
from analysis.core.errors import Stopped
from analysis.core.turns import tell_share
from analysis.worker.service import Service
from components.forms import extraction
from components.frame import readings
from tests.uploading import PAIRS, PLACES, PROMPTS, SHARED
from tests.visits import APP, alive, button, plain, words

DAMAGED = b"\x00\xffnothing that is read here\n" * 3


def test_every_uploader_of_the_app_is_here():
    calls = []
    for folder in ("components", "pages"):
        for path in (APP.parent / folder).rglob("*.py"):
            calls += re.findall(
                r"file_uploader\((.*?)\n    *\)", path.read_text(), re.S
            )
    keys = [re.search(r'key="([^"]+)"', call) for call in calls]
    assert all(keys), "an uploader has no key"
    assert sorted(key[1] for key in keys) == sorted(PLACES)


def shown(at, lists: bool = True) -> dict[str, object]:
    """What a session sees and what it has chosen; ``lists``: and what it can choose."""
    chosen = {"words": words(at)}
    for kind in ("selectbox", "multiselect", "text_input", "number_input", "radio"):
        for widget in getattr(at, kind):
            key = f"{kind} {widget.label}"
            chosen[key] = widget.value
            if lists and hasattr(widget, "options"):
                chosen[f"{key} of"] = tuple(widget.options)
    return chosen


@pytest.mark.parametrize("key", PLACES)
def test_no_upload_of_one_user_changes_what_another_sees(fresh, key):
    place = PLACES[key]
    looking, working = place.open(), place.open()
    lists = key not in SHARED
    before = shown(looking, lists)
    uploads = ((place.name, place.content()), (place.name, DAMAGED))
    for name, data in uploads:
        alive(working.file_uploader(key=key).upload(name, data).run())
        alive(looking.run())
        seen = shown(looking, lists)
        if key not in SHARED:
            assert seen == before
        else:
            assert {**seen, "words": ""} == {**before, "words": ""}
        assert "mine" not in words(looking) or key in SHARED
    if key != "means-files":
        assert working.error, "damage is told to the one who uploaded it"
    assert not looking.error


def test_prompts_are_kept_for_all_only_once_a_run_begins(fresh):
    at = PLACES["run-file"].open()
    alive(at.file_uploader(key="run-file").upload("mine.csv", PROMPTS).run())
    assert any("mine" in box.value for box in at.text_input if box.label)
    assert not sources.SHELF.names()
    prompts = sources.read(PROMPTS, "mine.csv")
    name = sources.kept_name(prompts)
    assert sources.keep(prompts) == name == sources.SHELF.names()[0]
    again = sources.load(name, None, "")
    assert sources.kept_name(again) == name and again.digest == prompts.digest


def counted(monkeypatch) -> list[str]:
    """Names of the corpora that the Extract page reads from now on."""
    read, names = extraction.read_corpus, []

    def counting(data: bytes, name: str, **options):
        names.append(f"{name} in {threading.current_thread().name}")
        return read(data, name)

    monkeypatch.setattr(extraction, "read_corpus", counting)
    return names


def test_a_file_is_read_once_however_often_the_page_runs(fresh, monkeypatch):
    """It was parsed again at every touch of a widget."""
    names = counted(monkeypatch)
    at = PLACES["draft-file"].open()
    alive(at.file_uploader(key="draft-file").upload("mine.csv", PAIRS).run())
    for _ in range(3):
        alive(at.number_input(key="draft-seed").set_value(7 + _).run())
    assert "12 contrast pairs chosen" in words(at)
    alive(at.file_uploader(key="draft-file").upload("bad.csv", DAMAGED).run())
    for _ in range(3):
        alive(at.run())
        assert "was not loaded" in plain(at.error[0].value)
    assert [name.split(" in ")[0] for name in names] == ["mine.csv", "bad.csv"]
    assert all("babelscope" in name for name in names), "not in the page's thread"


@pytest.fixture
def slow(monkeypatch):
    """Reading goes on until it is let go or stopped; pages wait for it hardly at all."""
    go = threading.Event()
    ended = []

    def read(data: bytes, name: str, **options):
        tell_share(0.25)
        try:
            while not go.wait(0.01):
                tell_share()
        except Stopped:
            ended.append(time.monotonic())
            raise
        return original(data, name, **options)

    original = extraction.read_corpus
    monkeypatch.setattr(extraction, "read_corpus", read)
    monkeypatch.setattr(readings, "PATIENCE", {True: 0.2, False: 0.2})
    yield go, ended
    go.set()


def bars(at) -> list[str]:
    """The texts of progress bars."""
    return [plain(node.proto.text) for node in at.get("progress")]


def test_a_long_reading_shows_progress_and_hears_stop(fresh, slow):
    go, ended = slow
    at = PLACES["draft-file"].open()
    alive(at.file_uploader(key="draft-file").upload("mine.csv", PAIRS).run())
    deadline = time.monotonic() + 20
    while bars(at)[0].startswith("Waiting") and time.monotonic() < deadline:
        alive(at.run())
    assert bars(at)[0].startswith("reading mine.csv, percent · 25 of 100")
    assert "contrast pairs chosen" not in words(at)
    begun = time.monotonic()
    alive(button(at, "Stop").click().run())
    alive(at.run())
    assert ended and ended[0] - begun < 1
    assert "Reading mine.csv was stopped" in words(at) and not bars(at)
    go.set()
    alive(button(at, "Read it again").click().run())
    assert "12 contrast pairs chosen" in words(at)


def test_another_file_and_another_page_end_a_reading(fresh, slow):
    _, ended = slow
    at = PLACES["draft-file"].open()
    alive(at.file_uploader(key="draft-file").upload("mine.csv", PAIRS).run())
    alive(at.file_uploader(key="draft-file").upload("other.csv", PAIRS).run())
    assert any("other.csv" in text for text in bars(at))
    at.switch_page("pages/figures.py")
    alive(at.run())
    deadline = time.monotonic() + 5
    while len(ended) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(ended) == 2 and not at.session_state["readings"]


def test_small_files_do_not_wait_for_a_large_one(fresh, slow, monkeypatch):
    monkeypatch.setattr(readings, "SMALL", len(PAIRS))
    working, other = PLACES["draft-file"].open(), PLACES["draft-shares"].open()
    alive(other.run())
    large = PAIRS + b"7,kindness,en,kind 7,unkind 7\n"
    alive(working.file_uploader(key="draft-file").upload("large.csv", large).run())
    assert bars(working)
    shares = PLACES["draft-shares"].content()
    alive(other.file_uploader(key="draft-shares").upload("shares.csv", shares).run())
    assert not other.error and not bars(other)


def test_a_service_keeps_as_many_ended_jobs_as_it_is_told():
    service = Service(kept=1)
    for _ in range(3):
        job = service.submit("me", "a job", lambda job, pool: "result")
        assert job.finished.wait(10)
    assert len(service.jobs) == 2
