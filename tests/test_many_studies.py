"""A server with more studies than stay open reads each manifest once, not at every rerun."""

from collections import Counter

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
