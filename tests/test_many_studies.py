"""A server with more studies than stay open reads each manifest once, not at every rerun."""

from collections import Counter
from pathlib import Path

from analysis.study import library
from components.frame import cache
from tests.stored import stored


def test_the_manifests_of_many_studies_are_read_once(fresh, monkeypatch):
    names = [f"study-{number}" for number in range(2 * cache.MOST_OPENED)]
    for name in names:
        stored(name)
    read, counts = library.open_by_name, Counter()

    def counted(name: str):
        counts[name] += 1
        return read(name)

    monkeypatch.setattr(library, "open_by_name", counted)
    for _ in range(3):
        titles = [cache.study(name).title for name in names]
    assert len(titles) == len(names) and set(counts.values()) == {1}
    library.rename(names[0], "another title")
    assert cache.study(names[0]).title == "another title" and counts[names[0]] == 2
    first = cache.study(names[0])
    assert first.load("concept_vector") is first.load("concept_vector")


def test_a_manifest_is_read_again_when_it_changed_and_only_then(fresh, monkeypatch):
    stored("planted")
    manifest = library.own_folder("planted") / "manifest.json"
    read, counts = Path.read_bytes, Counter()

    def counted(path):
        counts[path.name] += 1
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", counted)
    monkeypatch.setattr(cache, "SETTLED", 0)
    first = [cache.version("planted") for _ in range(20)]
    assert len(set(first)) == 1 and counts["manifest.json"] == 1
    library.rename("planted", "Another")
    assert cache.version("planted") != first[0]
    monkeypatch.setattr(cache, "SETTLED", 10**12)
    text = manifest.read_text()
    manifest.write_text(text.replace("Another", "Changed"))
    counts.clear()
    now = {cache.version("planted") for _ in range(3)}
    assert len(now) == 1 and counts["manifest.json"] == 3, "just written: each time"


def test_who_looks_at_many_studies_lets_go_of_no_array(fresh):
    names = [f"study-{number}" for number in range(cache.MOST_OPENED + 2)]
    for name in names:
        stored(name)
    held = cache.study(names[0]).load("concept_vector")
    assert {cache.facts(name).name for name in names} == set(names)
    assert cache.study(names[0]).load("concept_vector") is held
