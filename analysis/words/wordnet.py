"""Open Multilingual Wordnet: nouns of several languages joined by synset, with the filters of Peng & Søgaard (2024).

From the optional library ``wn``, or from the wordnets' tab files with Princeton's ``data.noun`` beside them for the hierarchy.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from analysis.core.errors import CorpusError
from analysis.core.table_files import refusal
from analysis.languages.languages import LANGUAGES
from analysis.study.word_list import ABSTRACT, PHYSICAL, WordList, compared

TOP_LEVELS = 5
"""Levels of the hierarchy that are dropped, counted from the root along the shortest way."""
ROOTS = {
    "physical entity": PHYSICAL,
    "abstraction": ABSTRACT,
    "abstract entity": ABSTRACT,
}
TAB_NAME = re.compile(r"wn-(?:data|wikt|cldr)-([a-z]{2,3})\.tab$")
DATA_NOUN = "data.noun"
Lemmas = dict[str, str]
Parents = dict[str, tuple[str, ...]]


def ancestors(parents: Parents) -> tuple[dict[str, int], dict[str, frozenset[str]]]:
    """Depth of every synset by its shortest way to a root (0), and all synsets above it; CorpusError for one above itself."""
    depth: dict[str, int] = {}
    above: dict[str, frozenset[str]] = {}
    try:
        for synset in TopologicalSorter(parents).static_order():
            over = parents.get(synset, ())
            depth[synset] = 1 + min((depth[parent] for parent in over), default=-1)
            above[synset] = frozenset(over).union(*(above[parent] for parent in over))
    except CycleError as error:
        circle = " → ".join(error.args[1][:8])
        raise CorpusError(
            f"The hierarchy of the wordnet runs in a circle ({circle}): a noun would lie above itself. Download WordNet again."
        ) from error
    return depth, above


def joined(
    name: str, lemmas: Mapping[str, Lemmas], english: Lemmas, parents: Parents
) -> WordList:
    """The words of all languages by synset: present in all, below the top levels, each first lemma of the first language once.

    A synset is abstract or physical when it lies below only one of these; below both, or neither, it has no kind. Without
    ``parents`` there is neither; the list's notes say so. CorpusError when no synset is left.
    """
    languages = tuple(lemmas)
    common = sorted(set.intersection(*(set(of) for of in lemmas.values())))
    notes = [f"{len(common)} noun synsets are in all of {', '.join(languages)}."]
    depth, over = ancestors(parents)
    if parents:
        low = [synset for synset in common if depth.get(synset, 0) >= TOP_LEVELS]
        notes.append(
            f"{len(common) - len(low)} of the five top levels of the hierarchy were dropped."
        )
        common = low
    else:
        notes.append(
            f"No hierarchy is known (add {DATA_NOUN} of WordNet): top levels are kept, abstract and physical are unknown."
        )
    seen: dict[str, str] = {}
    for synset in common:
        seen.setdefault(compared(lemmas[languages[0]][synset]), synset)
    kept = list(seen.values())
    notes.append(
        f"{len(common) - len(kept)} whose {languages[0]} word occurs already were dropped."
    )
    if not kept:
        raise CorpusError(
            f"“{name}”: no noun is left that all of {', '.join(languages)} have. Choose fewer languages."
        )
    high = {
        synset: lemma.casefold()
        for synset, lemma in english.items()
        if depth.get(synset, 9) <= 2
    }
    roots = {synset: ROOTS[lemma] for synset, lemma in high.items() if lemma in ROOTS}
    kinds = tuple(
        kind_of({roots[up] for up in over.get(synset, ()) if up in roots})
        for synset in kept
    )
    concepts = tuple(
        f"{english.get(synset, lemmas[languages[0]][synset])} ({synset})"
        for synset in kept
    )
    spellings = tuple(tuple(of[synset] for synset in kept) for of in lemmas.values())
    return WordList(
        name,
        languages,
        concepts,
        spellings,
        kinds if any(kinds) else (),
        (),
        tuple(notes),
    )


def kind_of(found: set[str]) -> str:
    """The only kind found, or none."""
    return found.pop() if len(found) == 1 else ""


def tab_lemmas(text: str) -> Lemmas:
    """Noun synset → first lemma of a wordnet's tab file."""
    found: Lemmas = {}
    for line in text.splitlines():
        cells = line.split("\t")
        if (
            len(cells) >= 3
            and cells[1].split(":")[-1] == "lemma"
            and cells[0].endswith("-n")
            and cells[2].strip()
        ):
            found.setdefault(cells[0], cells[2].strip().replace("_", " "))
    return found


def data_noun(text: str) -> tuple[Lemmas, Parents]:
    """First lemma and hypernyms of every synset of Princeton's ``data.noun``; CorpusError lists the lines that are cut short."""
    lemmas: Lemmas = {}
    parents: Parents = {}
    faults = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line[:1].isdigit():
            continue
        cells, gloss = line.partition(" | ")[::2]
        try:
            synset, lemma, above = noun_of(cells.split())
        except (IndexError, ValueError):
            gloss = ""
        if not gloss:
            faults.append(
                f"{DATA_NOUN}, line {number}: no whole synset ({line[:40]}); the file is cut short or damaged"
            )
            continue
        lemmas[synset], parents[synset] = lemma, above
    if faults:
        raise refusal(DATA_NOUN, faults)
    return lemmas, parents


def noun_of(cells: Sequence[str]) -> tuple[str, str, tuple[str, ...]]:
    """Synset, first lemma and hypernyms of a line's cells; IndexError or ValueError when some are missing."""
    count = 4 + 2 * int(cells[3], 16)
    pointers = cells[count + 1 :]
    up = [
        pointers[i + 1]
        for i in range(0, 4 * int(cells[count]), 4)
        if pointers[i] in ("@", "@i")
    ]
    return (
        f"{cells[0]}-n",
        cells[4].replace("_", " "),
        tuple(f"{offset}-n" for offset in up),
    )


def from_tabs(name: str, files: Mapping[str, str]) -> WordList:
    """The list of tab files (name → text) named ``wn-data-xxx.tab``, with ``data.noun`` if it is there."""
    codes = {one.iso639_3: one.code for one in LANGUAGES.values()}
    lemmas = {}
    for file, text in sorted(files.items()):
        if found := TAB_NAME.search(file):
            lemmas[codes.get(found[1], found[1])] = tab_lemmas(text)
    noun = next(
        (text for file, text in files.items() if file.rsplit("/", 1)[-1] == DATA_NOUN),
        None,
    )
    english, parents = data_noun(noun) if noun else (lemmas.get("en", {}), {})
    if noun and "en" not in lemmas:
        lemmas = {"en": english, **lemmas}
    first = ["en"] if "en" in lemmas else []
    return joined(
        name,
        {code: lemmas[code] for code in first + [c for c in lemmas if c not in first]},
        english,
        parents,
    )


def from_wn(languages: Sequence[str]) -> WordList:
    """The list of wordnets that the library ``wn`` has on this machine, joined by interlingual index; English gives the hierarchy.

    CorpusError when the library is not installed or has no wordnet of a language, with the command that fetches it.
    """
    try:
        import wn
    except ImportError as error:
        raise CorpusError(
            "Open Multilingual Wordnet is read through the library “wn”, which is not installed. Run: pip install wn, then "
            "python -m wn download omw:1.4"
        ) from error
    known = {
        lexicon.language: lexicon.specifier()
        for lexicon in sorted(wn.lexicons(), key=lambda one: one.id.startswith("omw"))
    }
    wanted = ["en", *(code for code in languages if code != "en")]
    if lacking := [code for code in wanted if code not in known]:
        raise CorpusError(
            f"The library wn has no wordnet of {', '.join(lacking)} on this machine; it has {', '.join(sorted(known)) or 'none'}. "
            "Run: python -m wn download omw:1.4"
        )
    nouns = {
        code: wn.Wordnet(lexicon=known[code], expand="").synsets(pos="n")
        for code in wanted
    }
    lemmas = {code: first_lemmas(nouns[code]) for code in languages}
    above = {
        index(synset): tuple(filter(None, map(index, up(synset))))
        for synset in nouns["en"]
        if index(synset)
    }
    return joined("Open Multilingual Wordnet", lemmas, first_lemmas(nouns["en"]), above)


def index(synset: object) -> str:
    """A synset's interlingual index, which older versions of the library wrap in an object; "" for none."""
    return str(getattr(synset.ili, "id", synset.ili) or "")


def up(synset: object) -> Iterable[object]:
    """What a synset is a kind or an instance of."""
    return (*synset.hypernyms(), *synset.get_related("instance_hypernym"))


def first_lemmas(synsets: Iterable[object]) -> Lemmas:
    """Interlingual index → first lemma."""
    return {
        index(synset): synset.lemmas()[0]
        for synset in synsets
        if index(synset) and synset.lemmas()
    }
