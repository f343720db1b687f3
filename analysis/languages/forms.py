"""The forms in which one file gives its languages, and what is to be said of them."""

from collections import Counter

from analysis.core.faults import Faults
from analysis.languages.codes import code_in
from analysis.languages.languages import LANGUAGES, language, unknown_language


class Forms:
    """Languages as a file writes them, each looked up once and told of once."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.told = Faults() if faults is None else faults
        """The faults of the file, among which those of its languages stand."""
        self.codes: dict[str, str | None] = {}
        """What was given → the code here; None for what is no language."""
        self.counts: Counter[str] = Counter()
        """How often each that is no language was given."""
        self.places: dict[str, str] = {}
        """Where each was given first."""

    def read(self, given: str, place: str = "") -> str:
        """The code here of a language that a file gives; as given where it is none.

        That is then a fault, told once. ``place`` is where it is given, such as a line.
        """
        if given not in self.codes:
            self.codes[given] = given if given in LANGUAGES else code_in(given)
            self.places[given] = place
            if self.codes[given] is None:
                self.told.append(f"{place}: {unknown_language(given)}")
        code = self.codes[given]
        if code is None:
            self.counts[given] += 1
            return given
        return code

    def knows(self, given: str) -> bool:
        """Whether what was read before is a language."""
        return self.codes.get(given) is not None

    def count_faults(self) -> None:
        """Say of each that is no language how often it was given, after the last row."""
        for given, times in self.counts.items():
            if times > 1:
                place, sentence = self.places[given], unknown_language(given)
                counted = f"{place}, {times:,} times: {sentence}"
                self.told.amend(f"{place}: {sentence}", counted)

    def notes(self) -> list[str]:
        """A sentence on languages that are written otherwise here than in the file."""
        changed = []
        for given, code in self.codes.items():
            if code is not None and code != given:
                changed.append(f"“{given}” as {code} ({language(code).english})")
        if not changed:
            return []
        return [f"Languages are written here by their codes: {', '.join(changed)}."]

    def joined(self, code: str) -> str:
        """A clause on a language that the file writes in several forms; else empty."""
        forms = [f"“{given}”" for given, found in self.codes.items() if found == code]
        if len(forms) < 2:
            return ""
        return f"; {' and '.join(forms)} are one language here"

    def contradiction(self, name: str, told: str) -> list[str]:
        """A sentence if all of a file is in another language than its name tells."""
        found = set(self.codes.values())
        if not told or len(found) != 1 or None in found or told in found:
            return []
        code = str(found.pop())
        return [
            f"The name of {name} says {language(told).english} ({told}), but its column "
            f"of languages says {language(code).english} ({code}) in every row. The "
            "column was taken; mend it if the name is right."
        ]
