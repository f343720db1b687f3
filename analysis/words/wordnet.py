"""Open Multilingual Wordnet: nouns of several languages joined by synset.

With the filters of Peng & Søgaard (2024). From the optional library ``wn``, or from the
wordnets' tab files with Princeton's ``data.noun`` beside them for the hierarchy.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from operator import itemgetter
from pathlib import PurePosixPath
from typing import NamedTuple, Protocol

from analysis.core.errors import CorpusError
from analysis.core.table_files import lines_of, numbered_lines, refusal
from analysis.core.turns import looking
from analysis.languages.codes import code_in
from analysis.study.word_list import ABSTRACT, PHYSICAL, WordList, compared

TOP_LEVELS = 5
"""Levels of the hierarchy that are dropped.

Counted from the root along the shortest way.
"""
ROOT_LEVELS = 2
"""Depth down to which the synsets stand that make a noun abstract or physical."""
ROOTS = {
    "physical entity": PHYSICAL,
    "abstraction": ABSTRACT,
    "abstract entity": ABSTRACT,
}
TAB_NAME = re.compile(r"wn-(data|wikt|cldr)-([a-z]{2,3})\.tab$")
PROVENANCES = ("data", "wikt", "cldr")
"""Where the words of a tab file are from, the most reliable first."""
WHY_FIRST = (
    "Wordnets (wn-data) come before words of Wiktionary (wn-wikt) and of CLDR (wn-cldr), "
    "and a file in its language's folder before others."
)
MOST_ABOVE = 4_000_000
"""Synsets above others, all told: several times as many as WordNet has."""
DATA_NOUN = "data.noun"
LONG = len("00000001-n")
Lemmas = dict[str, str]
"""Synset → first lemma."""
Parents = dict[str, tuple[str, ...]]
"""Synset → what it is a kind or an instance of."""


@dataclass(frozen=True)
class Hierarchy:
    """Depth of every synset by its shortest way to a root (0), and all synsets above it."""

    depth: dict[str, int]
    above: dict[str, frozenset[str]]


class Nouns(NamedTuple):
    """Nouns of a wordnet."""

    lemmas: Lemmas
    parents: Parents


class Noun(NamedTuple):
    """One synset of Princeton's ``data.noun``."""

    synset: str
    lemma: str
    parents: tuple[str, ...]


class Synset(Protocol):
    """A synset of the library ``wn``."""

    ili: object

    def lemmas(self) -> list[str]:
        """Its words."""
        ...

    def hypernyms(self) -> list["Synset"]:
        """What it is a kind of."""
        ...

    def get_related(self, relation: str) -> list["Synset"]:
        """Synsets in some relation to it."""
        ...


def hierarchy_of(parents: Parents) -> Hierarchy:
    """Depths and ancestors of all synsets; CorpusError for one above itself or too deep."""
    depth: dict[str, int] = {}
    above: dict[str, frozenset[str]] = {}
    held = 0
    try:
        for synset in looking(TopologicalSorter(parents).static_order()):
            direct = parents.get(synset, ())
            depth[synset] = 1 + min((depth[parent] for parent in direct), default=-1)
            indirect = [above[parent] for parent in direct]
            above[synset] = frozenset(direct).union(*indirect)
            held += len(above[synset])
            if held > MOST_ABOVE:
                raise CorpusError(
                    "The hierarchy of the wordnet is damaged: its nouns have more than "
                    f"{MOST_ABOVE:,} above them, all told. Download WordNet again."
                )
    except CycleError as error:
        circle = " → ".join(error.args[1][:8])
        raise CorpusError(
            f"The hierarchy of the wordnet runs in a circle ({circle}): a noun would "
            "lie above itself. Download WordNet again."
        ) from error
    return Hierarchy(depth, above)


def joined(
    name: str,
    lemmas: Mapping[str, Lemmas],
    english: Lemmas,
    parents: Parents,
) -> WordList:
    """The words of all languages by synset.

    ``lemmas`` by language. Present in all, below the top levels, each first lemma of
    the first language once. A synset is abstract or physical when it lies below only
    one of these; below both, or neither, it has no kind. Without ``parents`` there is
    neither; the list's notes say so. CorpusError when no synset is left.
    """
    languages = ", ".join(lemmas)
    code, first = next(iter(lemmas.items()))
    hierarchy = hierarchy_of(parents)
    common = set(first).intersection(*lemmas.values())
    below = below_top_levels(common, hierarchy) if parents else sorted(common)
    kept = without_repeats(below, first)
    if not kept:
        raise CorpusError(
            f"“{name}”: no noun is left that all of {languages} have. Choose fewer "
            "languages."
        )
    about_levels = (
        f"No hierarchy is known (add {DATA_NOUN} of WordNet): top levels are kept, "
        "abstract and physical are unknown."
    )
    if parents:
        dropped = len(common) - len(below)
        about_levels = (
            f"{dropped} of the five top levels of the hierarchy were dropped."
        )
    repeated = len(below) - len(kept)
    kinds = kinds_of(kept, english, hierarchy)
    concepts = [
        f"{english.get(synset, first[synset])} ({synset})" for synset in looking(kept)
    ]
    spellings = [tuple(own[each] for each in looking(kept)) for own in lemmas.values()]
    return WordList(
        name,
        languages=tuple(lemmas),
        concepts=tuple(concepts),
        spellings=tuple(spellings),
        kinds=kinds if any(kinds) else (),
        notes=(
            f"{len(common)} noun synsets are in all of {languages}.",
            about_levels,
            f"{repeated} whose {code} word occurs already were dropped.",
        ),
    )


def below_top_levels(
    synsets: Iterable[str],
    hierarchy: Hierarchy,
) -> list[str]:
    """The synsets below the top levels of the hierarchy, sorted."""
    depth = hierarchy.depth
    ordered = looking(sorted(synsets))
    return [each for each in ordered if depth.get(each, 0) >= TOP_LEVELS]


def without_repeats(
    synsets: Iterable[str],
    lemmas: Lemmas,
) -> list[str]:
    """The first synset of each spelling."""
    seen: dict[str, str] = {}
    for synset in looking(synsets):
        seen.setdefault(compared(lemmas[synset]), synset)
    return list(seen.values())


def kinds_of(
    synsets: Iterable[str],
    english: Lemmas,
    hierarchy: Hierarchy,
) -> tuple[str, ...]:
    """Whether each synset is abstract or physical; empty where neither or both."""
    roots = {}
    for synset, lemma in looking(english.items()):
        kind = ROOTS.get(lemma.casefold())
        depth = hierarchy.depth.get(synset)
        if kind and depth is not None and depth <= ROOT_LEVELS:
            roots[synset] = kind
    kinds = []
    for synset in looking(synsets):
        above = hierarchy.above.get(synset, frozenset())
        kinds.append(only({roots[each] for each in above if each in roots}))
    return tuple(kinds)


def only(kinds: Collection[str]) -> str:
    """The only kind found, or none."""
    if len(kinds) != 1:
        return ""
    return next(iter(kinds))


def tab_lemmas(text: str) -> Lemmas:
    """First lemma of every noun synset of a wordnet's tab file."""
    found: Lemmas = {}
    for line in looking(lines_of(text)):
        synset, relation, word, *_ = [*line.split("\t"), "", "", ""]
        word = word.strip().replace("_", " ")
        is_lemma = relation.split(":")[-1] == "lemma"
        if is_lemma and word and synset.endswith("-n"):
            # Numbers have eight digits; some files write fewer.
            found.setdefault(synset.rjust(LONG, "0"), word)
    return found


def read_data_noun(text: str) -> Nouns:
    """First lemma and hypernyms of every synset of Princeton's ``data.noun``.

    CorpusError lists the lines that are cut short.
    """
    nouns = Nouns({}, {})
    faults = []
    for number, line in numbered_lines(text):
        if not line[:1].isdigit():
            continue
        noun = noun_of(line)
        if noun is None:
            faults.append(
                f"{DATA_NOUN}, line {number}: no whole synset ({line[:40]}); the file "
                "is cut short or damaged"
            )
            continue
        nouns.lemmas[noun.synset] = noun.lemma
        nouns.parents[noun.synset] = noun.parents
    if faults:
        raise refusal(DATA_NOUN, faults)
    return nouns


def noun_of(line: str) -> Noun | None:
    """The synset of a line; None when the line is not whole."""
    data, _, gloss = line.partition(" | ")
    if not gloss:
        return None
    try:
        return parsed_noun(data.split())
    except (IndexError, ValueError):
        return None


def parsed_noun(cells: Sequence[str]) -> Noun:
    """The synset of a line's cells; IndexError or ValueError when some are missing."""
    words = int(cells[3], 16)
    count = 4 + 2 * words
    pointers = cells[count + 1 :]
    parents = []
    for pointer in range(0, 4 * int(cells[count]), 4):
        symbol, offset = pointers[pointer], pointers[pointer + 1]
        if symbol in ("@", "@i"):
            parents.append(f"{offset}-n")
    return Noun(f"{cells[0]}-n", cells[4].replace("_", " "), tuple(parents))


def from_tabs(name: str, files: Mapping[str, str]) -> WordList:
    """The list of tab files (name → text) named ``wn-data-xxx.tab``.

    With ``data.noun`` if it is there.
    """
    tabs = tabs_of_languages(files)
    lemmas = {}
    for code, file in sorted(tabs.chosen.items(), key=itemgetter(1)):
        lemmas[code] = tab_lemmas(files[file])
    nouns = Nouns(lemmas.get("en", {}), {})
    princeton = text_of_princeton(name, files)
    if princeton:
        nouns = read_data_noun(princeton)
        lemmas.setdefault("en", nouns.lemmas)
    if not lemmas:
        raise CorpusError(
            f"“{name}” is not named like a wordnet's tab file, such as wn-data-fra.tab. "
            "Rename it so."
        )
    # English goes first, since its spellings name the concepts.
    first = {"en": lemmas["en"]} if "en" in lemmas else {}
    words = joined(name, first | lemmas, nouns.lemmas, nouns.parents)
    return replace(words, notes=(*words.notes, *tabs.notes))


class Tabs(NamedTuple):
    """The tab file of each language, and sentences on those that were passed over."""

    chosen: dict[str, str]
    notes: list[str]


def tabs_of_languages(files: Iterable[str]) -> Tabs:
    """Which tab file of each language is read."""
    tabs = Tabs({}, [])
    for file in sorted(files, key=best_first):
        found = TAB_NAME.search(file)
        if not found:
            continue
        code = code_in(found[2]) or found[2]
        earlier = tabs.chosen.setdefault(code, file)
        if earlier != file:
            why = f"{earlier} is of {code} too. {WHY_FIRST}"
            tabs.notes.append(f"{file} was not read: {why}")
    return tabs


def text_of_princeton(name: str, files: Mapping[str, str]) -> str:
    """Princeton's ``data.noun``, or nothing; CorpusError for several."""
    found = [file for file in files if is_data_noun(file)]
    if len(found) > 1:
        raise CorpusError(
            f"“{name}” holds {DATA_NOUN} several times ({', '.join(found)[:200]}). "
            "Pack only that of the WordNet whose numbers the tab files have."
        )
    return files[found[0]] if found else ""


def best_first(file: str) -> tuple[int, bool, str]:
    """Where a tab file stands among those of its language."""
    found = TAB_NAME.search(file)
    if not found:
        return len(PROVENANCES), False, file
    own_folder = PurePosixPath(file).parent.name == found[2]
    return PROVENANCES.index(found[1]), not own_folder, file


def is_data_noun(file: str) -> bool:
    """Whether a file is Princeton's ``data.noun``."""
    return file.rsplit("/", 1)[-1] == DATA_NOUN


def from_wn(languages: Sequence[str]) -> WordList:
    """The list of wordnets that the library ``wn`` has on this machine.

    Joined by interlingual index; English gives the hierarchy. CorpusError when the
    library is not installed or has no wordnet of a language, with the command that
    fetches it.
    """
    try:
        import wn  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise CorpusError(
            "Open Multilingual Wordnet is read through the library “wn”, which is not "
            "installed. Run: pip install wn, then python -m wn download omw:1.4"
        ) from error
    known = {}
    # Lexicons of the Open Multilingual Wordnet come last, so that theirs are taken.
    for lexicon in sorted(wn.lexicons(), key=lambda one: one.id.startswith("omw")):
        known[lexicon.language] = lexicon.specifier()
    wanted = ["en", *(code for code in languages if code != "en")]
    lacking = [code for code in wanted if code not in known]
    if lacking:
        raise CorpusError(
            f"The library wn has no wordnet of {', '.join(lacking)} on this machine; "
            f"it has {', '.join(sorted(known)) or 'none'}. Run: python -m wn download "
            "omw:1.4"
        )
    nouns = {}
    for code in wanted:
        wordnet = wn.Wordnet(lexicon=known[code], expand="")
        nouns[code] = wordnet.synsets(pos="n")
    lemmas = {code: first_lemmas(nouns[code]) for code in languages}
    english = first_lemmas(nouns["en"])
    parents = parents_by_index(nouns["en"])
    return joined("Open Multilingual Wordnet", lemmas, english, parents)


def parents_by_index(synsets: Iterable[Synset]) -> Parents:
    """What each synset is a kind or an instance of, by interlingual index."""
    parents = {}
    for synset in looking(synsets):
        name = index_of(synset)
        if name:
            above = [*synset.hypernyms(), *synset.get_related("instance_hypernym")]
            parents[name] = tuple(filter(None, map(index_of, above)))
    return parents


def index_of(synset: Synset) -> str:
    """A synset's interlingual index; "" for none.

    Older versions of the library wrap it in an object.
    """
    return str(getattr(synset.ili, "id", synset.ili) or "")


def first_lemmas(synsets: Iterable[Synset]) -> Lemmas:
    """First lemma of each synset by its interlingual index."""
    found = {}
    for synset in looking(synsets):
        name = index_of(synset)
        words = synset.lemmas()
        if name and words:
            found[name] = words[0]
    return found
