"""How many questions a set has, counted in one pass, and what should be said of that."""

from collections import Counter
from collections.abc import Mapping, Sequence

UNIVERSAL, CULTURE = "universal", "culture"
QUESTION_KINDS = (UNIVERSAL, CULTURE)


class Tally:
    """Questions of each kind in each language, their items, and what they lack."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        """(kind, language) → how many, in order of appearance."""
        self.items: dict[str, set[str]] = {}
        """Kind → its items over all languages."""
        self.unnamed: Counter[str] = Counter()
        """Language → culture questions without the country named."""
        self.without_options: Counter[str] = Counter()
        """Language → questions without options."""
        self.divided = False
        """Whether some question says itself whether it is held out."""

    def add(self, texts: Mapping[str, str], options: Sequence[str]) -> None:
        """Count one question, given by its texts by column, and its options."""
        kind, language = texts["kind"], texts["language"]
        self.counts[kind, language] += 1
        if kind not in self.items:
            self.items[kind] = set()
        self.items[kind].add(texts["item"])
        if texts["split"]:
            self.divided = True
        if kind == CULTURE and not texts["named"]:
            self.unnamed[language] += 1
        if not options:
            self.without_options[language] += 1

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes in order of appearance."""
        return tuple(dict.fromkeys(language for _, language in self.counts))


def remarks(tally: Tally) -> list[str]:
    """What should be known: languages that lack items, culture items without a named
    version, kinds that are not there.
    """
    notes = []
    for kind in QUESTION_KINDS:
        items = len(tally.items.get(kind, ()))
        if not items:
            notes.append(
                f"There are no {kind} questions, so what needs them is not computed."
            )
            continue
        lacking = {code: items - tally.counts[kind, code] for code in tally.languages}
        if any(lacking.values()):
            listed = by_language(lacking, tally.languages)
            notes.append(f"Of {items} {kind} items some languages lack some: {listed}.")
    unnamed = "a version with the country named (no local vector from them)"
    for what, counts in ((unnamed, tally.unnamed), ("options", tally.without_options)):
        if counts:
            listed = by_language(counts, tally.languages)
            notes.append(f"Items without {what}: {listed}.")
    return notes


def by_language(counts: Mapping[str, int], languages: Sequence[str]) -> str:
    """Counts of the languages that have any, for a message."""
    return ", ".join(f"{code} {counts[code]}" for code in languages if counts[code])
