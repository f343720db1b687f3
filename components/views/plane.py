"""Plane: transfer or erasure?"""

import numpy as np
import pandas as pd
import streamlit as st

from analysis.plane import finding, localisation
from analysis.study.study import Study
from components.figures.spec import Arrows, Figure, Lines, Points, Series
from components.figures.text import source_note
from components.forms import sweeping
from components.frame import cache, controls, links, panel
from components.frame.text import escape
from components.views.words import empty

OURS = (
    "Transfer: accuracy on universal questions. Localisation: share of culture questions, no place named, that get the local "
    "answer. "
    "The axes of Han et al. (arXiv 2510.26024) are not public; these definitions are ours."
)
WORDS = (
    "less transfer, more local",
    "more transfer, more local",
    "less of both",
    "more transfer, less local",
)
NAMES = {
    "English": "English vector",
    "local": "local vector",
    "both": "both at two depths (surgical)",
}
HALVES = {
    "the half that nothing was chosen on": 1,
    "all held-out items (optimistic)": None,
}


def page(study: Study) -> None:
    """The page's figures under its controls."""
    st.caption(escape(OURS))
    if not study.has("plane_answer"):
        where = (
            "below"
            if "questions" in study.manifest
            else "after asking questions on the Layers page"
        )
        st.info(
            empty(study.title, "plane").replace("on the Extract page", where),
            icon=":material/hourglass_empty:",
        )
        return
    if not study.manifest["plane"]["complete"]:
        st.warning(
            "The sweep is not finished; what is here is shown. The Studies page goes on with it.",
            icon=":material/pause_circle:",
        )
    st.markdown(f"**{escape(cache.measure('plane finding', study))}**")
    half = HALVES[links.one("Items", list(HALVES), "items")]
    missing = cache.measure("plane lacking", study, half)
    if missing:
        st.info(
            escape(f"On these items {'; '.join(missing.values())}."),
            icon=":material/info:",
        )
    others = sweeping.rivals(study, half)
    best = cache.measure("plane best", study)
    tried = [mode for mode in NAMES if mode in best]
    if not tried:
        st.info("Only the unsteered answers are there yet.", icon=":material/info:")
        return
    mode = links.one("Steering", tried, "mode", format_func=NAMES.get)
    table = cache.measure("plane", study, best[mode], half)
    if table[list(localisation.AXES)].dropna().empty:
        st.info(
            "No language has items of both kinds here, so there are no arrows; the table has what is known.",
            icon=":material/info:",
        )
        st.dataframe(percent(table), hide_index=True)
    else:
        panel.show(arrows(study, best[mode], half, others))
    depth(study, tried, half)
    if not missing:
        panel.show(pareto(study, half, best))
    twins(study, best, half)
    scorings(study, half)
    panel.explain(
        localisation.right,
        localisation.plane,
        localisation.sweep_table,
        localisation.by_layer,
        localisation.chosen_settings,
        localisation.effect,
        localisation.hypervolume,
        localisation.agreement_of_scorings,
        finding.finding,
    )


def method(study: Study) -> str:
    """How answers were taken."""
    spec = study.manifest["plane"]["spec"]
    if spec["scoring"] == "generation":
        return "Answers: what the model writes, matched with the options."
    return f"Answers: likeliest option, {'per token' if spec['normalised'] else 'whole answer, which favours short ones'}."


def where(half: int | None) -> str:
    """Which items are shown, in a sentence."""
    return (
        "Items: the half on which nothing was chosen."
        if half == 1
        else "Items: all held out; settings were chosen on half of them."
    )


def arrows(study: Study, place: int, half: int | None, others: pd.DataFrame) -> Figure:
    """One arrow per language from unsteered to steered."""
    table = cache.measure("plane", study, place, half)
    table = table.set_index("language").loc[
        [
            c
            for c in controls.arranged(study, study.languages)
            if c in set(table["language"])
        ]
    ]
    known = table.dropna(subset=["transfer", "localisation"])
    lost = [code for code in table.index if code not in known.index]
    names = controls.labels(known.index.tolist())
    before, after = (
        known[[f"transfer{end}", f"localisation{end}"]].values
        for end in (" before", "")
    )
    ends = np.stack(
        [
            known[[f"{axis} low", f"{axis} high"]].values
            for axis in ("transfer", "localisation")
        ],
        1,
    )
    guess = cache.measure("plane chance", study, half)
    found, setting = (
        cache.measure("plane effect", study, place, half),
        cache.measure("plane settings", study)[place],
    )
    lacking = f" Without items of both kinds: {', '.join(lost)}." if lost else ""
    gap = known["gap"].dropna()
    explicit = (
        f" Naming the country changes local answers by {100 * gap.mean():+.1f} points on average (explicit–implicit gap)."
        if len(gap)
        else ""
    )
    spots, beside = placed(others, known.index.tolist())
    cost = (
        f"; cost {found.erasure / found.gain:.2f} points of localisation per point of transfer"
        if found.gain > 0 and np.isfinite(found.erasure)
        else ""
    )
    return Figure(
        name=f"plane-{study.name}",
        title=f"Transfer against localisation: {setting.words}",
        caption=f"Open: unsteered, filled: steered; crosses: 95 % bootstraps over items; {found.items[0]} universal and "
        f"{found.items[1]} "
        f"culture items, {'one language' if len(known) == 1 else f'{len(known)} languages'}. "
        f"Mean gain {finding.change(found.gain, found.gain_ends)}; "
        f"erasure {finding.change(found.erasure, found.erasure_ends)}{cost}.{explicit}{lacking}{beside} "
        f"{where(half)} {method(study)} Lines: unsteered means. Chance: {guess['transfer']:.2f} and {guess['localisation']:.2f}.",
        data=Arrows(
            before,
            after,
            names,
            ends,
            WORDS,
            tuple(before.mean(0)) if len(before) else (0.5, 0.5),
            spots,
        ),
        table=percent(table.reset_index()),
        x="transfer (share of universal items right)",
        y="localisation (share of local answers)",
        source=source_note(study, "plane_score"),
    )


def placed(
    others: pd.DataFrame, drawn: list[str]
) -> tuple[tuple[tuple[str, np.ndarray], ...], str]:
    """Other methods' points, means over the languages that have arrows, and a sentence on them."""
    axes = list(localisation.AXES)
    here = others[others["language"].isin(drawn)].dropna(subset=axes)
    mean = here.groupby("method", sort=False)[axes].mean()
    spots = tuple(
        (str(name), np.array([row.tolist()]))
        for name, row in zip(mean.index, mean.values)
    )
    over = "; ".join(
        f"{name}, {n} of {len(drawn)} languages"
        for name, n in here["method"].value_counts(sort=False).items()
    )
    off = [str(name) for name in others["method"].unique() if name not in mean.index]
    told = (f" Answers from a file, means: {over}." if over else "") + (
        f" Without items of both kinds in a language that is drawn, and so without a point: {', '.join(off)}."
        if off
        else ""
    )
    return spots, told


def percent(table: pd.DataFrame) -> pd.DataFrame:
    """Shares with three decimals."""
    return table.assign(
        **{name: table[name].round(3) for name in table.select_dtypes("float").columns}
    )


def depth(study: Study, tried: list[str], half: int | None) -> None:
    """Two curves over depth for each vector, the best layer marked."""
    st.subheader("At which layer?", anchor=False)
    best, listed = (
        cache.measure("plane best", study),
        cache.measure("plane settings", study),
    )
    columns = st.columns(2)
    for column, mode in zip(
        columns, [mode for mode in ("English", "local") if mode in tried]
    ):
        table = cache.measure("plane by layer", study, mode, half)
        chosen = (
            listed[best[mode]].english_layer
            if mode == "English"
            else listed[best[mode]].local_layer
        )
        x = table["layer"].values / study.layers
        series = (
            Series("gain in transfer", x, 100 * table["gain"].values),
            Series(
                "gain in localisation", x, -100 * table["erasure"].values, dashed=True
            ),
        )
        series = tuple(each for each in series if np.isfinite(each.y).any())
        if not series:
            continue
        alone = f" Only the {series[0].label} is known." if len(series) == 1 else ""
        with column:
            panel.show(
                Figure(
                    name=f"plane-{mode}-{study.name}",
                    title=f"{NAMES[mode].capitalize()} over depth",
                    caption=f"Change from unsteered, mean over languages, at each layer's best strength; strength and layer "
                    f"{chosen} "
                    f"(dotted) have the {localisation.CRITERIA[mode]} on the other half of the items.{alone} {where(half)}",
                    data=Lines(series, mark=chosen / study.layers),
                    table=percent(table),
                    x="relative depth (1 = last block)",
                    y="percentage points",
                    source=source_note(study, "plane_score"),
                )
            )


def pareto(study: Study, half: int | None, best: dict[str, int]) -> Figure:
    """All settings on the plane, with the front of each kind."""
    table = cache.measure("plane table", study, half)
    table = table.assign(
        kind=np.where(
            table["twin"] > 0,
            "random twins",
            table["mode"].map(NAMES).fillna("unsteered"),
        )
    )
    base = table.iloc[0][["transfer", "localisation"]].values.astype(float)
    points = base + table[["gain", "erasure"]].values * [1, -1]
    fronts = {
        name: points[(table["kind"] == name).values | (table.index == 0)]
        for name in NAMES.values()
    }
    areas = ", ".join(
        f"{name} {localisation.hypervolume(each):.3f}"
        for name, each in fronts.items()
        if len(each) > 1
    )
    chosen = "; ".join(
        f"{NAMES[mode]}: {table['setting'][place]}" for mode, place in best.items()
    )
    return Figure(
        name=f"pareto-{study.name}",
        title="Every setting on the plane",
        caption=f"{len(table)} settings, means over languages (changes are added to the mean unsteered point, since English "
        f"has no English "
        f"vector). Hypervolume above 0, 0 with the unsteered point: {areas or 'none'}. Chosen on the other half: {chosen}. "
        f"{where(half)}",
        data=Points(
            points[:, 0],
            points[:, 1],
            tuple(table["setting"]),
            tuple(table["kind"]),
            named=False,
        ),
        table=percent(table.drop(columns=["kind"])),
        x="transfer",
        y="localisation",
        source=source_note(study, "plane_score"),
    )


def twins(study: Study, best: dict[str, int], half: int | None) -> None:
    """The chosen settings against random vectors of the same lengths."""
    st.subheader("Against random vectors of the same length", anchor=False)
    rows = []
    for mode, place in best.items():
        real = cache.measure("plane effect", study, place, half)
        random = [
            cache.measure("plane effect", study, twin, half)
            for twin in cache.measure("plane twins", study, place)
        ]
        rows.append(
            {
                "steering": NAMES[mode],
                "setting": real.setting.words,
                "gain": finding.change(real.gain, real.gain_ends),
                "random gain": ", ".join(finding.points(each.gain) for each in random)
                or "not yet",
                "erasure": finding.change(real.erasure, real.erasure_ends),
                "random erasure": ", ".join(
                    finding.points(each.erasure) for each in random
                )
                or "not yet",
            }
        )
    st.dataframe(pd.DataFrame(rows), hide_index=True)


def scorings(study: Study, half: int | None) -> None:
    """Whether the two ways of scoring agree on the unsteered answers."""
    table = cache.measure("plane scorings", study)
    mean = float(np.nanmean(table["same"]))
    apart = table[table["same"] < 0.9]["language"].tolist()
    where_not = f" Below 90 %: {', '.join(apart)}." if apart else ""
    with st.expander(
        f"Likelihood and generation agree on {100 * mean:.0f} % of unsteered answers",
        icon=":material/rule:",
    ):
        st.caption(
            escape(
                f"Same option taken, per language; an answer that matches no option counts as different.{where_not}"
            )
        )
        st.dataframe(percent(table), hide_index=True)
