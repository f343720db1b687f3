"""The papers' layout, from a folder and from a zip.

Composition, numbering, faults, hostile archives.
"""

import io
import json
import zipfile

import pytest

from analysis.concepts.pair_readers import read_corpus
from analysis.concepts.paper_layout import MAX_FILES, papers_layout, papers_zip
from analysis.core.errors import CorpusError


def faults_of(function, *arguments) -> tuple[str, ...]:
    """The faults a reader finds; fails when it finds none."""
    with pytest.raises(CorpusError) as caught:
        function(*arguments)
    return caught.value.faults


def found(faults, place, words) -> bool:
    """Whether a fault at this place says these words."""
    return any(fault.startswith(f"{place}: ") and words in fault for fault in faults)


def write(folder, name, tree):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        tree if isinstance(tree, str) else json.dumps(tree, ensure_ascii=False),
        encoding="utf-8",
    )


def leaf(pos="good", neg="bad", **more) -> dict:
    return {"pos": pos, "neg": neg, **more}


def layout() -> dict[str, object]:
    """Three concepts in the papers' layout."""
    return {
        "deontology/deontology_en.json": {
            "a": {
                "1": leaf("so", "no", scenario="Do it."),
                "2": leaf("ay", "ny", scenario="Do it."),
            }
        },
        "deontology/deontology_fr.json": {
            "a": {"2": leaf("oui", "non", scenario="Fais-le.")}
        },
        "truthfulness/truthfulness_en.json": [leaf("yes", "no", question="Is it?")],
        "toxicity/toxicity_en.json": {
            "x": {"y": {"z": [leaf(), leaf("a", "b", label=1)]}}
        },
    }


def packed(files: dict[str, object]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, tree in files.items():
            archive.writestr(
                name, tree if isinstance(tree, str | bytes) else json.dumps(tree)
            )
    return buffer.getvalue()


def test_the_papers_layout_composes_and_numbers(tmp_path):
    for name, tree in layout().items():
        write(tmp_path, name, tree)
    write(tmp_path, ".DS_Store", "x")
    write(tmp_path, "README.md", "x")
    corpus = papers_layout(tmp_path)
    first, second = corpus.select("deontology", "en")
    assert (first.positive, first.negative, first.pair) == (
        "Do it. so",
        "Do it. no",
        "a/1",
    )
    assert first.source == second.source == "Do it."
    assert corpus.select("deontology", "fr")[0].pair == "a/2"
    assert (
        corpus.select("truthfulness", "en")[0].positive
        == "Question: Is it? Answer: yes"
    )
    assert [pair.positive for pair in corpus.select("toxicity", "en")] == ["good", "a"]
    assert [pair.pair for pair in corpus.pairs if pair.concept == "toxicity"] == [
        "x/y/z/0",
        "x/y/z/1",
    ]
    notes = " ".join(corpus.notes)
    assert (
        "README.md is not part" in notes
        and "not read from the leaves: label" in notes
        and "deontology: 1 of 2" in notes
    )
    assert (
        papers_zip(packed(layout())).digest
        == corpus.digest
        == read_corpus(packed(layout()), "x.zip").digest
    )


def test_translated_keys_are_matched_by_position(tmp_path):
    write(tmp_path, "fair/fair_en.json", {"doctor": [leaf(), leaf("c", "d")]})
    write(tmp_path, "fair/fair_fr.json", {"médecin": [leaf(), leaf("c", "d")]})
    corpus = papers_layout(tmp_path)
    assert not corpus.missing() and [
        pair.pair for pair in corpus.select("fair", "fr")
    ] == ["0/0", "0/1"]
    assert "matched by position" in corpus.notes[0]


def test_identical_members_are_left_out_and_counted(tmp_path):
    write(tmp_path, "fair/fair_en.json", [leaf(), leaf("c", "d")])
    write(tmp_path, "fair/fair_fr.json", [leaf("x", "x "), leaf("c", "d")])
    corpus = papers_layout(tmp_path)
    assert (
        corpus.missing() == {("fair", "fr"): ["0"]}
        and "identical members were left out, as in the paper (fr 1)" in corpus.notes[0]
    )


def test_every_fault_of_the_papers_layout_at_once(tmp_path):
    write(tmp_path, "fair/fair_englsh.json", [leaf()])
    write(tmp_path, "fair/unfair_en.json", [leaf()])
    write(
        tmp_path,
        "fair/fair_en.json",
        {
            "a": {"pos": "x"},
            "b": leaf(3),
            "c": "text",
            "d": leaf(scenario=" "),
            "e": leaf(),
        },
    )
    write(tmp_path, "fair/fair_fr.json", '{"a": ')
    write(tmp_path, "fair/fair_es.json", "[" * 100_000)
    (tmp_path / "fair/fair_pt.json").write_bytes(b'[{"pos": "a",\n "neg": "\xff"}]')
    faults = faults_of(papers_layout, tmp_path)
    expected = [
        ("fair/fair_englsh.json", "Did you mean “en”"),
        ("fair/unfair_en.json", "<concept>/<concept>_<language>.json"),
        ("fair/fair_en.json, at a", "no “neg”"),
        ("fair/fair_en.json, at b", "“pos” must be text, not 3"),
        ("fair/fair_en.json, at c", "expected an object"),
        ("fair/fair_en.json, at d", "“scenario” is empty"),
        ("fair/fair_fr.json", "not JSON"),
        ("fair/fair_es.json", "nested too deep"),
        ("fair/fair_pt.json, line 2", "not UTF-8"),
    ]
    for place, words in expected:
        assert found(faults, place, words), (place, words, faults)
    assert len(faults) == len(expected)


def test_a_folder_without_the_layout(tmp_path):
    (fault,) = faults_of(papers_layout, tmp_path)
    assert "<concept>/<concept>_<language>.json" in fault


@pytest.mark.parametrize(
    "name",
    [
        "/etc/fair/fair_en.json",
        "../fair/fair_en.json",
        "C:/fair/fair_en.json",
        "fair\\fair_en.json",
    ],
)
def test_a_zip_may_not_point_outside(name):
    assert any(
        "outside the archive" in fault
        for fault in faults_of(papers_zip, packed({name: [leaf()]}))
    )


def test_a_zip_may_hold_no_bomb_no_link_and_not_too_many_files():
    bomb = faults_of(
        papers_zip, packed({"fair/fair_en.json": json.dumps([leaf("x" * 10**6)])})
    )
    assert "more than 200 times its size" in bomb[0]
    many = faults_of(papers_zip, packed({f"{i}.txt": "" for i in range(MAX_FILES + 1)}))
    assert f"{MAX_FILES:,} are allowed" in many[0]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_BZIP2) as archive:
        link = zipfile.ZipInfo("fair/fair_en.json")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("fair/fair_fr.json", "[]")
    faults = faults_of(papers_zip, buffer.getvalue())
    assert found(faults, "fair/fair_en.json", "is a link") and found(
        faults, "fair/fair_fr.json", "is packed in a way"
    )


def test_a_zip_may_be_neither_damaged_nor_encrypted():
    assert "damaged or no zip" in faults_of(papers_zip, b"PK nothing")[0]
    whole = packed(layout())
    damaged = bytearray(whole)
    damaged[45:75] = b"\x00" * 30
    assert "damaged or no zip" in faults_of(papers_zip, bytes(damaged))[0]
    encrypted = bytearray(whole)
    encrypted[encrypted.index(b"PK\x01\x02") + 8] |= 1
    assert any(
        "encrypted" in fault for fault in faults_of(papers_zip, bytes(encrypted))
    )
