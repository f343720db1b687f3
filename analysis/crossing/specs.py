"""What determines what is tried where languages cross."""

from dataclasses import dataclass

from analysis.core.errors import SpecError
from analysis.core.specs import ModelSpec, check
from analysis.crossing.readings import READINGS
from analysis.sentences.shelf import OWN

PIVOT = "en"


@dataclass(frozen=True)
class SentenceAlignmentSpec:
    """Which parallel sentences are compared at every layer, and how they are read.

    ``languages`` empty: all of the study that the text has. ``sentences`` 0: all, else
    the first so many. ``text_digest`` empty: that of the text as it is.
    """

    model: ModelSpec
    text: str = OWN
    text_digest: str = ""
    languages: tuple[str, ...] = ()
    pivot: str = PIVOT
    readings: tuple[str, ...] = READINGS
    sentences: int = 0
    neighbours: int = 5

    def __post_init__(self) -> None:
        for reading in self.readings:
            check("reading of sentences", reading, READINGS)
        if not self.readings:
            raise SpecError(
                f"Choose at least one reading of sentences: {', '.join(READINGS)}."
            )
        if self.sentences < 0 or self.neighbours < 1:
            raise SpecError(
                f"Given are {self.sentences} sentences and {self.neighbours} neighbours; "
                "choose 0 sentences (all) or more, and 1 neighbour or more."
            )


PROMPT_END, WORD_END = "end of the prompt", "end of the word"
PLACES = (PROMPT_END, WORD_END)
"""Where a state is put: at the last token of the prompt at one layer, or at the last token
of the given word at a layer and all after it."""


@dataclass(frozen=True)
class PatchingSpec:
    """Which prompts give states to which others.

    States of prompts that ask for a word in each of ``languages`` are put into prompts
    that ask for another word in ``into``, layer by layer. ``pairs`` of words are drawn
    with ``seed`` among the most frequent ones; ``shots`` are the examples of a prompt.
    ``languages`` empty: all of the study that the list has; ``words`` empty: our own.
    """

    model: ModelSpec
    languages: tuple[str, ...] = ()
    into: str = PIVOT
    place: str = PROMPT_END
    pairs: int = 12
    shots: int = 4
    seed: int = 0
    words: str = ""
    words_digest: str = ""

    def __post_init__(self) -> None:
        check("place of the patch", self.place, PLACES)
        if self.pairs < 2 or self.shots < 1:
            raise SpecError(
                f"Given are {self.pairs} pairs of words and {self.shots} examples; choose "
                "2 pairs or more and 1 example or more."
            )


@dataclass(frozen=True)
class LatentSpec:
    """For which words the lens is asked which language the middle of the model is in.

    ``most`` words of each language, the most frequent ones (0: all). ``lens`` is the name
    of a kept tuned lens; empty: the logit lens. Other fields as in ``PatchingSpec``.
    """

    model: ModelSpec
    languages: tuple[str, ...] = ()
    most: int = 40
    shots: int = 4
    seed: int = 0
    lens: str = ""
    lens_digest: str = ""
    words: str = ""
    words_digest: str = ""

    def __post_init__(self) -> None:
        if self.most < 0 or self.most == 1 or self.shots < 1:
            raise SpecError(
                f"Given are {self.most} words and {self.shots} examples; choose 0 words "
                "(all) or 2 and more, and 1 example or more."
            )


@dataclass(frozen=True)
class ForcingSpec:
    """Which prompts are pushed towards which languages, where and how hard.

    Prompts that ask for a word in each of ``given`` are pushed towards each of ``wanted``,
    with the study's language vectors; strength 1 is the whole gap between two languages'
    means. ``layers`` empty: four, evenly spaced. ``rivals`` are unrelated words that the
    answer is held against. Other fields as in ``PatchingSpec``.
    """

    model: ModelSpec
    given: tuple[str, ...] = (PIVOT,)
    wanted: tuple[str, ...] = ()
    layers: tuple[int, ...] = ()
    strengths: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)
    prompts: int = 12
    rivals: int = 3
    shots: int = 4
    seed: int = 0
    words: str = ""
    words_digest: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "strengths", tuple(map(float, self.strengths)))
        if not self.strengths or not all(each > 0 for each in self.strengths):
            raise SpecError(
                f"Strengths are {', '.join(map(str, self.strengths)) or 'none'}; choose "
                "some above 0."
            )
        if self.prompts < 4 or self.rivals < 1 or self.shots < 1:
            raise SpecError(
                f"Given are {self.prompts} prompts, {self.rivals} unrelated words and "
                f"{self.shots} examples; choose 4 prompts or more and 1 of the others."
            )
