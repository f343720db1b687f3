"""How a control run's answers are judged and its setting chosen: widgets in, a frozen spec out."""

from dataclasses import replace

import streamlit as st

from analysis.control import store
from analysis.control.judging import APART, PAPER, TIMES
from analysis.control.refusals import EDITED, LISTS, lines, openings
from analysis.control.specs import JudgingSpec
from analysis.control.surfaces import CHOICES, objectives_of
from analysis.core import settings
from components.frame import links


def judging(run: store.Run) -> JudgingSpec:
    """How this run's answers are judged: what was kept with the run, and what the
    widgets change of it.
    """
    kept = run.judging
    forget(run)
    left, right = st.columns(2)
    with left:
        objective = links.one(
            "Objective", objectives_of(run.spec), "objective", kept.objective
        )
    with right:
        choice = links.one(
            "Choice of the setting", list(CHOICES), "choice", kept.choice
        )
    with st.expander(
        "How answers are judged: refusals, failures, limits", icon=":material/gavel:"
    ):
        st.caption(
            "Changing anything here judges the kept texts anew at once. When "
            "another setting wins, “Go on” asks the reported "
            "prompts with it. Following means not refused and not failed, which is "
            "less than helped."
        )
        spec = replace(rules(run, kept), objective=objective, choice=choice)
        return replace(spec, command=command(run, kept))


def forget(run: store.Run) -> None:
    """Another run is judged as it was kept, not as the one before it was looked at."""
    before = st.session_state.get("judged-run", run.name)
    st.session_state["judged-run"] = run.name
    if before != run.name:
        for key in ("objective", "choice"):
            if links.written(key) is not None or key not in links.address():
                links.forget(key)


def rules(run: store.Run, kept: JudgingSpec) -> JudgingSpec:
    """List of refusals, failure rules and limits."""
    name = st.selectbox(
        "Refusals",
        LISTS,
        LISTS.index(kept.openings),
        key=f"judge-list-{run.name}",
        help="How refusals begin.",
    )
    edited = edit_openings(run, kept) if name == EDITED else ()
    one, two, three = st.columns(3)
    row, four, five = st.columns(3)
    st.caption(
        f"The paper's rules: list “{PAPER.openings}”, fewer than "
        f"{PAPER.fewest_words} words, a word of more than "
        f"{PAPER.longest_word} letters, {PAPER.looping_words} words that loop "
        f"({TIMES} times, each at most {APART} words after the "
        "last), and no limit on one word in a row. That limit is ours. The paper "
        "translates answers first, which is not done here."
    )
    ending = f"-{run.name}"
    fewest = one.number_input(
        "Fewest words", 1, 100, kept.fewest_words, key="judge-fewest" + ending
    )
    longest = two.number_input(
        "Longest word",
        0,
        200,
        kept.longest_word,
        key="judge-longest" + ending,
        help="0: each language's own limit",
    )
    looping = three.number_input(
        "Words that loop", 1, 100, kept.looping_words, key="judge-loops" + ending
    )
    in_a_row = row.number_input(
        "Same word in a row",
        0,
        100,
        kept.in_a_row,
        key="judge-row" + ending,
        help="0: never a failure",
    )
    perplexity = four.number_input(
        "Perplexity at most × plain",
        1.0,
        1e6,
        kept.perplexity,
        key="judge-perplexity" + ending,
    )
    drift = five.number_input(
        "Drift, share above plain", 0.0, 1.0, kept.drift, key="judge-drift" + ending
    )
    return JudgingSpec(
        name,
        edited,
        int(fewest),
        int(longest),
        int(looping),
        int(in_a_row),
        perplexity=float(perplexity),
        drift=float(drift),
    )


def edit_openings(run: store.Run, kept: JudgingSpec) -> tuple[str, ...]:
    """Openings of refusals that the user writes."""
    first = kept.edited or tuple(lines(openings(LISTS[0])))
    text = st.text_area(
        "One opening a line, as “language: opening”",
        "\n".join(first),
        height=240,
        key=f"judge-lines-{run.name}",
    )
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def command(run: store.Run, kept: JudgingSpec) -> str:
    """A program that judges instead of the rules, where the operator allows it."""
    allowed = settings.allows_judge_command()
    given = st.text_input(
        "Judge command",
        kept.command,
        key=f"judge-command-{run.name}",
        max_chars=500,
        disabled=not allowed,
        help="Gets one JSON object per line (language, prompt, answer), prints "
        "following, refusing or failure for each. "
        "Runs on the server without a shell, when “Go on” is pressed.",
    ).strip()
    if not allowed:
        st.caption(
            "Judge commands are off; the operator of this server turns them on "
            "with BABELSCOPE_JUDGE_COMMAND=1."
        )
    return given if allowed else ""
