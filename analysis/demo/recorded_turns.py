"""What is recorded for the Playground: beginnings of sentences, and what they are pushed to.

Settings are chosen on other beginnings than those shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from analysis.core.specs import ModelSpec
from analysis.languages.languages import language
from analysis.steering.language_vectors import (
    has_language_vectors,
    languages_with_means,
)
from analysis.steering.specs import GenerationSpec, VectorSource
from analysis.study.study import Study


class Depths(NamedTuple):
    """Relative depths of the first and the last block that are pushed, 0 to 1."""

    first: float
    last: float


DEPTHS = (Depths(0.2, 0.45), Depths(0.38, 0.67), Depths(0.6, 0.85))
"""Those that are tried."""
OF_GAP = (0.15, 0.25, 0.4)
"""Strengths that are tried of a language vector, in mean gaps."""
OF_STATE = (0.1, 0.2, 0.4)
"""Pushes that are tried of a value's vector: all layers together, in lengths of a state."""
DOSES = (0.5, 1.0, 1.5, 2.0)
"""Strengths that are recorded, in parts of the chosen one."""
TOWARDS = (
    "es",
    "fr",
    "de",
    "pt",
    "ca",
    "id",
    "vi",
    "ja",
    "ko",
    "ru",
    "ar",
    "hi",
    "zh",
    "sw",
)
"""Languages that English beginnings are pushed towards, where a study has their means."""
OF_VALUES = {
    "toxicity": "Kinder words",
    "utilitarianism": "A pleasanter turn",
}
"""Concepts whose vectors are pushed along, and what that is meant to bring."""


@dataclass(frozen=True)
class Beginnings:
    """Beginnings of sentences in a language, to choose settings on and to show."""

    tuning: tuple[str, ...]
    shown: tuple[str, ...]


@dataclass(frozen=True)
class Weighed:
    """Beginnings, and how often a pleasant continuation is weighed against the other."""

    beginnings: Beginnings
    favoured: str
    against: str


@dataclass(frozen=True)
class TurnSpec:
    """All that determines one turn of a study's recorded answers."""

    title: str
    model: ModelSpec
    study: str
    source: VectorSource
    language: str
    wanted: str
    beginnings: Beginnings
    favoured: str = ""
    against: str = ""
    template: str = "none"
    generation: GenerationSpec = GenerationSpec()
    depths: tuple[Depths, ...] = DEPTHS
    doses: tuple[float, ...] = DOSES

    @property
    def of_language(self) -> bool:
        """Whether it is a language that is pushed towards."""
        return bool(self.wanted)


ENGLISH = Beginnings(
    (
        "The weather today is",
        "My sister works in a",
        "When we came home, the children",
        "The old house near the river",
    ),
    (
        "In the kitchen there is",
        "Last summer we travelled to",
        "The doctor asked me whether",
        "Every evening my neighbour",
    ),
)
SPANISH = Beginnings(
    (
        "El tiempo hoy es",
        "Mi hermana trabaja en una",
        "Cuando llegamos a casa, los niños",
        "La casa vieja junto al río",
    ),
    (
        "En la cocina hay",
        "El verano pasado viajamos a",
        "El médico me preguntó si",
        "Todas las noches mi vecino",
    ),
)
KIND: Mapping[str, Weighed] = {
    "en": Weighed(
        Beginnings(
            (
                "The new man in our office is",
                "She looked at the waiter and thought: he is",
                "To be honest, my brother is",
                "The people on this bus are",
            ),
            (
                "The woman at the ticket desk is",
                "He turned to his cousin and said: you are",
                "I must say, the new teacher is",
                "The guests at this hotel are",
            ),
        ),
        " very kind",
        " very stupid",
    ),
    "es": Weighed(
        Beginnings(
            (
                "El hombre nuevo de la oficina es",
                "Miró al camarero y pensó: es",
                "La verdad es que mi hermano es",
                "La gente de este autobús es",
            ),
            (
                "La mujer de la taquilla es",
                "Se volvió hacia su primo y le dijo: eres",
                "En mi opinión, la profesora nueva es",
                "La gente de este hotel es",
            ),
        ),
        " muy amable",
        " muy estúpido",
    ),
    "fr": Weighed(
        Beginnings(
            (
                "Le nouveau collègue du bureau est",
                "Elle regarda le serveur et pensa : il est",
                "Pour être honnête, mon frère est",
                "Dans ce bus, tout le monde est",
            ),
            (
                "La dame du guichet est",
                "Il se tourna vers son cousin et dit : tu es",
                "À mon avis, le nouveau professeur est",
                "Dans cet hôtel, tout le monde est",
            ),
        ),
        " très gentil",
        " très bête",
    ),
    "de": Weighed(
        Beginnings(
            (
                "Der neue Mann im Büro ist",
                "Sie sah den Kellner an und dachte: er ist",
                "Ehrlich gesagt ist mein Bruder",
                "Die Leute in diesem Bus sind",
            ),
            (
                "Die Frau an der Kasse ist",
                "Er wandte sich an seinen Vetter und sagte: du bist",
                "Ich muss sagen, der neue Lehrer ist",
                "Die Gäste in diesem Hotel sind",
            ),
        ),
        " sehr nett",
        " sehr dumm",
    ),
}
PLEASANT: Mapping[str, Weighed] = {
    "en": Weighed(
        Beginnings(
            (
                "The holiday by the sea was",
                "When I opened the letter, I felt",
                "Dinner at my aunt's house was",
                "The first day at school was",
            ),
            (
                "The concert in the park was",
                "When I heard the news, I felt",
                "Our trip to the mountains was",
                "The soup that she cooked was",
            ),
        ),
        " wonderful",
        " terrible",
    ),
    "es": Weighed(
        Beginnings(
            (
                "Las vacaciones en la playa fueron",
                "Cuando abrí la carta, me sentí",
                "La cena en casa de mi tía fue",
                "El primer día de clase fue",
            ),
            (
                "El concierto en el parque fue",
                "Cuando oí la noticia, me sentí",
                "Nuestra excursión a la montaña fue",
                "La sopa que ella preparó fue",
            ),
        ),
        " maravilloso",
        " horrible",
    ),
}
WEIGHED = {"toxicity": KIND, "utilitarianism": PLEASANT}
"""Concept → language → what it is tried on."""


def turns_for(study: Study, model: ModelSpec, spec: GenerationSpec) -> list[TurnSpec]:
    """The turns that a study has vectors for."""
    return [
        *language_turns(study, model, spec),
        *value_turns(study, model, spec),
    ]


def language_turns(
    study: Study, model: ModelSpec, spec: GenerationSpec
) -> list[TurnSpec]:
    """English beginnings towards other languages, and Spanish ones towards English."""
    if not has_language_vectors(study):
        return []
    known = languages_with_means(study)
    pairs = [("en", code) for code in TOWARDS] + [("es", "en")]
    found = []
    for own, wanted in pairs:
        if own not in known or wanted not in known:
            continue
        found.append(
            TurnSpec(
                title=f"Push {name(own)} towards {name(wanted)} (language vector)",
                model=model,
                study=study.manifest.digest or "",
                source=VectorSource("language vector", language=wanted, target=own),
                language=own,
                wanted=wanted,
                beginnings=ENGLISH if own == "en" else SPANISH,
                generation=spec,
            )
        )
    return found


def value_turns(study: Study, model: ModelSpec, spec: GenerationSpec) -> list[TurnSpec]:
    """Vectors of values, each in the languages that there are beginnings in."""
    found = []
    for concept, title in OF_VALUES.items():
        for code, weighed in WEIGHED[concept].items():
            if concept not in study.concepts or code not in study.languages:
                continue
            found.append(
                TurnSpec(
                    title=f"{title} in {name(code)} ({concept} vector)",
                    model=model,
                    study=study.manifest.digest or "",
                    source=VectorSource("concept vector", "", concept, code),
                    language=code,
                    wanted="",
                    beginnings=weighed.beginnings,
                    favoured=weighed.favoured,
                    against=weighed.against,
                    generation=spec,
                )
            )
    return found


def name(code: str) -> str:
    """A language's English name."""
    return language(code).english
