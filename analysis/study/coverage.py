"""What a complete study has, by its manifest, and what of it is not computed yet."""

from collections.abc import Mapping

WORDS = "word_vector"


def cells(manifest: Mapping) -> list[tuple[str, int, int]]:
    """Every (stage, concept index, language index) that a complete study has, in the order of computation."""
    concepts, languages = (
        range(len(manifest["concepts"])),
        range(len(manifest["languages"])),
    )
    absent = {tuple(cell) for cell in manifest.get("absent", ())}
    return [
        (s, c, a)
        for s in ("vector", "score")
        for c in concepts
        for a in languages
        if (c, a) not in absent
    ]


def word_cells(manifest: Mapping) -> list[tuple[int, int]]:
    """Every (embedding index, language index) of a complete study's words, in the order of computation."""
    spec = manifest.get("words", {}).get("spec", {"embeddings": (), "languages": ()})
    return [
        (e, a)
        for e in range(len(spec["embeddings"]))
        for a in range(len(spec["languages"]))
    ]


def missing_words(manifest: Mapping) -> list[tuple[int, int]]:
    """The cells of words that were not computed yet."""
    keys = {key for entry in manifest["files"].values() for key in entry["keys"]}
    return [(e, a) for e, a in word_cells(manifest) if f"{WORDS}/{e}/{a}" not in keys]


def missing_cells(manifest: Mapping) -> tuple[str, ...]:
    """Cells not computed yet, in words."""
    spec = manifest.get("words", {}).get("spec")
    words = tuple(
        f"words {spec['embeddings'][e]} {spec['languages'][a]}"
        for e, a in missing_words(manifest)
    )
    asked = tuple(
        f"questions {manifest['languages'][a]}" for a in question_cells(manifest)
    )
    swept = (
        ("the rest of the plane",)
        if "plane" in manifest and not manifest["plane"]["complete"]
        else ()
    )
    return missing_pairs(manifest) + words + asked + swept


def missing_pairs(manifest: Mapping) -> tuple[str, ...]:
    """Cells of contrast pairs not computed yet, in words."""
    array = {"vector": "concept_vector", "score": "pair_score"}
    keys = {key for entry in manifest["files"].values() for key in entry["keys"]}
    return tuple(
        f"{stage} {manifest['concepts'][c]} {manifest['languages'][a]}"
        for stage, c, a in cells(manifest)
        if f"{array[stage]}/{c}/{a}" not in keys
    )


def question_cells(manifest: Mapping) -> list[int]:
    """Indices of the languages whose questions were not asked yet; English comes first, because the others need it."""
    asked = manifest.get("questions", {}).get("spec", {}).get("languages", ())
    keys = {key for entry in manifest["files"].values() for key in entry["keys"]}
    order = sorted(asked, key=lambda language: language != "en")
    return [
        a
        for a in map(manifest["languages"].index, order)
        if f"item_part/{a}" not in keys
    ]
