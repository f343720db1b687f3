"""A server with more studies than stay open reads each manifest once, not at every rerun."""

from collections import Counter
from pathlib import Path

import pytest
import streamlit as st

from analysis.core import settings
from analysis.study import library
from components.frame import cache, kept_lists
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


@pytest.fixture
def opened(fresh, monkeypatch):
    """Names of studies in the order in which they are opened; lists of two are kept."""
    real, names = library.open_by_name, []

    def counted(name):
        names.append(name)
        return real(name)

    monkeypatch.setattr(library, "open_by_name", counted)
    monkeypatch.setattr(kept_lists, "MANY", 2)
    monkeypatch.setattr(cache, "SETTLED", 0)
    return names


def started_again(names):
    """What lists say of studies where the server has just begun."""
    st.cache_resource.clear()
    cache.summary_as.cache_clear()
    cache.fault_of.cache_clear()
    return cache.summaries(names)


def test_what_lists_say_is_kept_for_the_next_start(opened):
    names = ["first", "second", "third"]
    for name in names:
        stored(name)
    before = started_again(names)
    assert sorted(opened) == names
    assert started_again(names) == before and sorted(opened) == names
    assert cache.listed(names)["first"] == ("Planted study", "computed", False)
    library.rename("second", "Another")
    assert started_again(names)["second"].title == "Another"
    assert opened[3:] == ["second"], "the others are as they were"


def test_lists_of_few_studies_are_not_kept(opened):
    stored("first")
    started_again(["first"])
    assert not kept_lists.place().exists()


@pytest.mark.parametrize(
    "text", ["", "[]", '{"babelscope": "0", "studies": []}', '{"studies": [{}]}']
)
def test_what_cannot_be_read_is_opened_again(opened, text):
    names = ["first", "second"]
    for name in names:
        stored(name)
    kept_lists.place().write_text(text)
    assert started_again(names)["first"].title == "Planted study"
    assert sorted(opened) == names


def test_a_summary_of_other_types_counts_as_none(opened):
    for name in ("first", "second"):
        stored(name)
    started_again(["first", "second"])
    place = kept_lists.place()
    place.write_text(place.read_text().replace('"layers": 4', '"layers": "4"'))
    assert kept_lists.kept() == {}


def test_a_server_that_keeps_nothing_keeps_no_lists(opened, monkeypatch):
    for name in ("first", "second"):
        stored(name)
    monkeypatch.setenv("BABELSCOPE_READ_ONLY", "1")
    started_again(["first", "second"])
    assert not (settings.home() / kept_lists.FILE).exists()
