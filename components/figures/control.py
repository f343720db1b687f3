"""Control: how hard, and where? Printed rates, a run's search, its gap and its cells."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from analysis.control import store, surfaces
from analysis.control.settings_tried import named as layers_in_words
from analysis.control.specs import JudgingSpec
from analysis.control.store import Run
from analysis.control.surfaces import Choice
from analysis.core.counting import count
from analysis.core.intervals import wilson
from analysis.core.model_names import DEMO
from analysis.study.published_values import CONTROL_PROMPTS
from analysis.study.study import Study
from components.figures.languages import Languages
from components.figures.spec import (
    BarSeries,
    Dumbbells,
    Figure,
    Limits,
    Lines,
    Matrix,
    Series,
)
from components.figures.text import DEMO_NOTE, percent_interval, span

TABLE_2 = "Published, Xu et al. 2024, Table 2."
DECLINING = (
    "Declining less is not yet answering: what neither refuses nor holds together is a "
    "failure."
)


def run_note(run: Run) -> str:
    """Where a run's numbers come from."""
    model = run.spec.model.model
    if model == DEMO:
        return DEMO_NOTE
    return f"Computed by Babelscope from {model}."


def printed_rates(study: Study, rates: pd.DataFrame, languages: Languages) -> Figure:
    """Own and English vector as printed, with Wilson intervals on the prompts."""
    rates = with_intervals(rates)
    gaps = in_order(surfaces.gaps(rates, "en"), languages)
    plain = rates.loc[rates["vector"] == "none", "effect"]
    others = gaps.loc[gaps["language"] != "en", "gap"]
    return Figure(
        name=f"control-{study.name}",
        analysis="control report",
        estimate="effect",
        interval=("low", "high"),
        title="Following rate with the own and with the English vector",
        caption="Share of harmful requests that were followed; "
        f"n = {CONTROL_PROMPTS} a language (not printed; the smallest step is "
        f"1/{CONTROL_PROMPTS}), bars are 95 % Wilson intervals. Without a push "
        f"{span(plain)}. {gap_words('English', others, 3)} Following "
        "means not refused: less than helped.",
        data=own_and_shared(gaps, languages, "English vector"),
        table=rates,
        x="following rate (share of answers)",
        y="language",
        source=TABLE_2,
    )


def with_intervals(rates: pd.DataFrame) -> pd.DataFrame:
    """Printed rates with Wilson intervals on the number of prompts."""
    ends = np.array([wilson(right, CONTROL_PROMPTS) for right in rates["right"]])
    return rates.assign(low=ends[:, 0], high=ends[:, 1], n=CONTROL_PROMPTS)


def in_order(gaps: pd.DataFrame, languages: Languages) -> pd.DataFrame:
    """Gaps of the languages, in their order."""
    return gaps.set_index("language").loc[list(languages.codes)].reset_index()


def own_and_shared(gaps: pd.DataFrame, languages: Languages, shared: str) -> Dumbbells:
    """Own and shared effect of every language with their intervals."""
    own = one_end(gaps, "own", "own vector")
    return Dumbbells(languages.names, (own, one_end(gaps, "shared", shared)))


def one_end(gaps: pd.DataFrame, side: str, name: str) -> BarSeries:
    """The effect of one side with its interval."""
    values, low, high = gaps[side], gaps[f"{side}_low"], gaps[f"{side}_high"]
    return BarSeries(name, values.to_numpy(), low.to_numpy(), high.to_numpy())


def gap(
    run: Run, judging: JudgingSpec, gaps: pd.DataFrame, languages: Languages
) -> Figure:
    """Own against shared vector in a run, one dumb-bell per language that was asked."""
    aim, source = surfaces.objective(judging), run.spec.source
    name = shared_name(run, languages.name(source))
    shared = f"{name} vector"
    shown = languages.among(set(gaps["language"]))
    gaps = in_order(gaps, shown)
    known = gaps.loc[gaps["language"] != source]
    clear = np.count_nonzero((known["low"] > 0) | (known["high"] < 0))
    return Figure(
        name=f"gap-{run.name}",
        analysis="control report",
        estimate="gap",
        interval=("low", "high"),
        title=f"Own vector against the {shared}",
        caption=f"{judging.objective.capitalize()} ({aim.units}); "
        f"n = {int(gaps['n'].to_numpy().max())} prompts a language, bars are 95 % intervals. "
        f"{gap_words(name, known['gap'])} In {clear} of {len(known)} languages the "
        "interval of the difference leaves out 0.",
        data=own_and_shared(gaps, shown, shared),
        table=gaps,
        x=f"{judging.objective} ({aim.units})",
        y="language",
        source=run_note(run),
    )


def shared_name(run: Run, source: str) -> str:
    """What the shared vector is called: by its language, and that which it is towards."""
    return f"{source} → {run.spec.towards}" if run.spec.towards else source


def gap_words(name: str, gaps: pd.Series, digits: int = 2) -> str:
    """Own minus shared vector in a sentence; ``name`` is the shared one's language."""
    known = gaps.dropna()
    if known.empty:
        return f"No other language than {name} was asked with both vectors."
    mean = f"{known.mean():+z.{digits}f}"
    return f"Own minus {name}, without {name} itself: {span(known)}, mean {mean}."


def or_unknown(value: float) -> str:
    """A number with two decimals, or that it is unknown."""
    return f"{value:z.2f}" if np.isfinite(value) else "unknown"


def answer(run: Run, gaps: pd.DataFrame, judging: JudgingSpec, shared: str) -> str:
    """What a run found, in a sentence: how far the shared vector goes beside the own."""
    others = gaps.loc[gaps["language"] != run.spec.source].dropna(subset=["gap"])
    if others.empty:
        return f"No other language has been asked with its own and the {shared} vector."
    worse = np.count_nonzero(others["low"] > 0)
    better = np.count_nonzero(others["high"] < 0)
    units = surfaces.objective(judging).units
    mean = f"{abs(float(others['gap'].mean())):.2f}"
    if not worse and not better:
        return (
            f"No difference between the {shared} vector and a language's own can be told "
            f"from 0, in {count(len(others), 'other language')} (mean {mean}, {units})."
        )
    told = []
    if worse:
        told.append(f"falls behind the own vector in {worse}")
    if better:
        told.append(f"is ahead of it in {better}")
    return (
        f"The {shared} vector {' and '.join(told)} of {len(others)} other languages "
        f"(mean difference {mean}, {units})."
    )


@dataclass(frozen=True)
class Search:
    """The search of a run in one language: its surfaces, and the setting it chose."""

    run: Run
    surface: xr.Dataset
    choice: Choice | None

    @property
    def language(self) -> str:
        """The language's code."""
        return str(self.surface.language.values)

    @property
    def strengths(self) -> tuple[str, ...]:
        """Strengths as the rows are called."""
        return tuple(f"{strength:g}" for strength in self.run.grid.strengths)

    @property
    def sets(self) -> tuple[str, ...]:
        """Sets of layers as the columns are called."""
        return tuple(map(layers_in_words, self.run.grid.layers[self.language]))

    @property
    def chosen(self) -> tuple[tuple[int, int], ...]:
        """The cell that was chosen, if one was."""
        return (self.choice.place,) if self.choice else ()

    def values(self, name: str) -> np.ndarray:
        """A variable (strength, set) on the sets that the language has."""
        return self.surface[name].values[:, : len(self.sets)]


def effect(search: Search, judging: JudgingSpec) -> Figure:
    """Strength × layers: the objective."""
    run, aim = search.run, surfaces.objective(judging)
    values = search.values("effect")
    limits: Limits = (0, 1)
    if not aim.rate:
        largest = max(float(np.nanmax(np.abs(values), initial=0.0)), 1e-9)
        limits = (-largest, largest)
    matrix = Matrix(
        values,
        search.strengths,
        search.sets,
        units=aim.units,
        limits=limits,
        diverging=not aim.rate,
        digits=2 if aim.rate else 1,
        marked=search.chosen,
        hover=np.vectorize(percent_interval)(
            search.values("low"), search.values("high")
        ),
        codes=(search.strengths, search.sets),
    )
    plain = or_unknown(float(search.surface["plain_effect"]))
    return Figure(
        name=f"effect-{run.name}-{search.language}",
        analysis="control search",
        estimate="effect",
        interval=("low", "high"),
        title=f"Effect: {judging.objective}",
        caption=f"{aim.units.capitalize()}, {span(values)}; without a push {plain}. "
        f"n = {run.spec.search_prompts} search prompts a cell. {choice_words(search)}",
        data=matrix,
        table=search.surface.to_dataframe().reset_index(),
        x="layers",
        y="strength, mean gaps",
        source=run_note(run),
    )


def choice_words(search: Search) -> str:
    """Which setting is framed, and that it flatters."""
    choice = search.choice
    if choice is None:
        return "Nothing is chosen yet."
    known = int(np.isfinite(search.values("effect")).sum())
    return (
        f"Framed: the setting chosen, strength {choice.strength:g} on layers "
        f"{layers_in_words(choice.layers)}. The best of {known} noisy cells flatters; "
        "the table above asks it anew."
    )


@dataclass(frozen=True)
class Cost:
    """How one cost is shown."""

    title: str
    units: str
    says: str
    digits: int = 2


PERPLEXITY, DRIFT = "perplexity", "drift"
COSTS = {
    PERPLEXITY: Cost(
        "perplexity against plain answers",
        "powers of ten",
        "Perplexity of the answers under the model that is not pushed, in powers of ten "
        "of that of its own answers; 0 is as fluent as without a push",
        1,
    ),
    DRIFT: Cost(
        "language drift",
        "share of answers",
        "Share of answers that py3langid takes for another language",
    ),
    "kl": Cost(
        "change of the next token",
        "nats",
        "KL divergence of the next token on neutral prompts; 0 is as without a push",
    ),
}
"""Variable of a search's surfaces → how it is shown."""


def cost(search: Search, name: str) -> Figure:
    """Strength × layers: one of COSTS."""
    run, kind = search.run, COSTS[name]
    values, plain = search.values(name), ""
    if name == PERPLEXITY:
        values = powers_of_ten(values, float(search.surface["plain_perplexity"]))
    top = max(float(np.nanmax(values, initial=0.0)), 1e-9)
    if name == DRIFT:
        top = 1.0
        drift = or_unknown(float(search.surface["plain_drift"]))
        plain = f" Without a push {drift}."
    note = ""
    if not np.isfinite(values).any():
        note = " It could not be measured here."
    matrix = Matrix(
        values,
        search.strengths,
        search.sets,
        units=kind.units,
        limits=(0, top),
        digits=kind.digits,
        marked=search.chosen,
        costs=True,
    )
    return Figure(
        name=f"cost-{name}-{run.name}-{search.language}",
        analysis="control search",
        title=f"Cost: {kind.title}",
        caption=f"{kind.says}; {span(values)}.{plain}{note}",
        data=matrix,
        table=search.surface.to_dataframe().reset_index(),
        x="layers",
        y="strength, mean gaps",
        source=run_note(run),
    )


def powers_of_ten(values: np.ndarray, base: float) -> np.ndarray:
    """Values as powers of ten of a base; zero without a minus before it."""
    return np.round(np.log10(values / base), 3) + 0.0


def dose(run: Run, answers: pd.DataFrame, language: str, choice: Choice) -> Figure:
    """What becomes of a language's answers as the push grows, on the chosen layers."""
    layers = layers_in_words(choice.layers)
    here = (answers["role"] == "search") & (answers["language"] == language)
    shown = answers["layers"].isin(("", layers))
    shares = surfaces.by_strength(answers.loc[here & shown])
    series = []
    for verdict, those in shares.groupby("verdict", sort=False):
        columns = those[["strength", "share", "low", "high"]].to_numpy().T
        strength, share, low, high = columns
        series.append(Series(str(verdict), strength, share, low, high))
    return Figure(
        name=f"dose-{run.name}-{language}",
        analysis="control verdicts",
        estimate="share",
        interval=("low", "high"),
        title=f"What becomes of the answers as the push grows, on layers {layers}",
        caption=f"Share of n = {run.spec.search_prompts} search prompts a strength, "
        "bands are 95 % Wilson intervals; strength 0 is without a push. "
        f"{DECLINING}",
        data=Lines(
            tuple(series), mark=choice.strength, limits=(-0.02, 1.02), logarithmic=True
        ),
        table=shares,
        x="strength, mean gaps (dotted: chosen)",
        y="share of answers",
        source=run_note(run),
    )


def cells(run: Run, names: Sequence[str]) -> Figure:
    """Which cells of a run are kept, by language (``names``) and set of layers."""
    languages = run.spec.languages
    most = max(map(len, run.grid.layers.values()))
    sets = [f"set {number}" for number in range(1, most + 1)]
    columns = ("no push", *sets, "own", "shared")
    values = np.array([kept_cells(run, language, most) for language in languages])
    table = pd.DataFrame(values, languages, columns)
    return Figure(
        name=f"cells-{run.name}",
        analysis="control search",
        title="Cells that are kept",
        caption=f"{progress(run)} A set is one set of layers with every strength.",
        data=Matrix(values, tuple(names), columns, "kept", (0, 1), digits=0),
        table=table.reset_index(names="language"),
        x="no push, sets of layers searched, reported settings",
        y="language",
    )


def kept_cells(run: Run, language: str, most: int) -> list[float]:
    """1 for every cell of a language that is kept, 0 for others, NaN where none is."""
    done, sets = run.done, run.grid
    row = [float(store.Cell(store.NONE, language).key in done)]
    for layers in sets.layers[language]:
        cell = store.Cell(store.SEARCH, language, language, layers, sets.strengths)
        row.append(float(cell.key in done))
    row += [np.nan] * (most - len(sets.layers[language]))
    for source in (language, run.spec.source):
        report = f"{store.REPORT}/{language}/{source}/"
        row.append(float(any(key.startswith(report) for key in done)))
    return row


def progress(run: Run) -> str:
    """How much of a run is kept, and how long the rest takes."""
    planned = {cell.key for cell in run.planned()}
    reports = [key for key in run.done if key.startswith(store.REPORT)]
    kept = len(run.done & planned) + len(reports)
    ahead = store.outlook(run)
    pace = ""
    if np.isfinite(ahead.seconds) and ahead.left:
        pace = f" About {minutes(ahead.seconds)} to go at the pace of the cells so far."
    return (
        f"{kept} of {ahead.cells} cells, {ahead.answers - ahead.left:,} of "
        f"{ahead.answers:,} answers.{pace}"
    )


def minutes(seconds: float) -> str:
    """A length of time in words."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min"
