"""The record of an analysis, and the statistics that methods sentences speak of."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from analysis.overview import options
from analysis.overview.needs import Need
from analysis.overview.options import Option
from analysis.study.study import PUBLISHED, Study


@dataclass(frozen=True)
class Statistic:
    """How uncertainty is told: a sentence of a methods section, and its works."""

    sentence: str
    works: tuple[str, ...] = ()


BOOTSTRAP = Statistic(
    "Intervals are 95 % percentile bootstraps.", ("efron1979bootstrap",)
)
WILSON = Statistic(
    "Intervals of single shares are Wilson intervals.", ("wilson1927probable",)
)
EXACT = Statistic(
    "Intervals of shares of few sentences or prompts are exact binomial intervals.",
    ("clopper1934use",),
)
SHARES = Statistic(
    "Intervals of shares are Wilson intervals; observations of one source count for as "
    "many as independent ones of the same variance would.",
    ("wilson1927probable", "korn1998confidence"),
)
PAIRED = Statistic(
    "Intervals of differences between two shares of the same observations are those of "
    "Bonett and Price.",
    ("bonett2012adjusted",),
)
NEWCOMBE = Statistic(
    "Intervals of differences between shares of different observations are Newcombe's.",
    ("newcombe1998interval",),
)
STUDENT = Statistic(
    "Intervals of means over few concepts, languages or prompts are Student's.",
    ("student1908probable",),
)
SHUFFLED = Statistic("Bands are 95 % of the values under shuffled labels.")
ADJUSTED = Statistic(
    "P values are adjusted over all cells shown with the procedure of Benjamini and "
    "Hochberg.",
    ("benjamini1995controlling",),
)
ALL_CELLS = Statistic(
    "Cells are told to differ by intervals that allow for all cells shown (Bonferroni)."
)
UNRELATED = Statistic(
    "Accuracies are compared with those of random directions, and of differences of means "
    "of training pairs whose members were swapped at random, on the same held-out pairs."
)
PUSHES = Statistic(
    "Intervals of effects of a push are Student's over prompts, and Fieller's where they "
    "are of shares of the own effect. Where written answers are counted, one prompt is "
    "added in favour of either side, after Bonett and Price. An effect counts where it is "
    "beyond what differs between prompts and between random directions of the same length.",
    ("student1908probable", "fieller1954some", "bonett2012adjusted"),
)
PERMUTATION = Statistic("P values come from permutation.")
MANTEL = Statistic(
    "Correlations of matrices are tested by the Mantel test.", ("mantel1967detection",)
)


@dataclass(frozen=True)
class Analysis:
    """One analysis of a study.

    ``function`` takes a study, or what ``prepare`` makes of one, and annotated options.
    """

    name: str
    function: Callable[..., Any]
    need: Need
    seconds: float = 1
    """How long it takes, roughly, on a study of sixteen languages and 32 layers."""
    works: tuple[str, ...] = ()
    """Keys of the published works that it rests on."""
    tests: tuple[Statistic, ...] = ()
    """How the uncertainty of its numbers is told."""
    printed_tests: tuple[Statistic, ...] = ()
    """The same for the printed numbers of a published study."""
    figures: tuple[str, ...] = ()
    """Names of the figures that show it."""
    prepare: Callable[..., Any] | None = None
    """What takes long of it and is shared with others; its options come first."""
    kept: bool = True
    """Whether it depends on the study alone, so that its result can be kept."""
    usual: Mapping[str, Callable[[Study], Any]] = field(default_factory=dict)
    """Option → what a study is asked where the option is not given."""

    @property
    def says(self) -> str:
        """What it computes, in one line."""
        said = inspect.getdoc(self.function) or self.name
        return said.partition("\n")[0].replace("``", "")

    @property
    def shared(self) -> tuple[Option, ...]:
        """Options of ``prepare``."""
        return options.parameters(self.prepare) if self.prepare else ()

    @property
    def own(self) -> tuple[Option, ...]:
        """Options of the function itself."""
        return options.parameters(self.function)

    @property
    def options(self) -> tuple[Option, ...]:
        """Options that can be given by keyword, a spec's fields one by one."""
        return options.written_out((*self.shared, *self.own))

    def arguments(self, study: Study, given: Mapping[str, Any]) -> tuple[Any, ...]:
        """All arguments after the study, in order; SpecError as in ``run``."""
        found = {name: usual_value(study) for name, usual_value in self.usual.items()}
        chosen = options.arguments((*self.shared, *self.own), found, given)
        return tuple(chosen.values())

    def compute(self, study: Study, *arguments: Any) -> Any:
        """What it finds in a study, with its arguments in order."""
        if self.prepare is None:
            return self.function(study, *arguments)
        shared = len(self.shared)
        prepared = self.prepare(study, *arguments[:shared])
        return self.function(prepared, *arguments[shared:])

    def tests_of(self, kind: str) -> tuple[Statistic, ...]:
        """How uncertainty is told of a study of this kind."""
        return self.printed_tests if kind == PUBLISHED else self.tests
