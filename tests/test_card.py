"""A figure's card: what is closed is neither made nor sent, and what was drawn is kept."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
from streamlit.testing.v1 import AppTest

from components.figures.spec import Figure, Lines, Series
from components.frame import card, drawn, panel
from components.paperpack import recipes
from components.paperpack.recipes import Recipe
from components.screen import to_plotly
from tests.visits import alive, words

LINE = Series("one", np.array([0.0, 1.0]), np.array([0.5, 0.7]))
FIGURE = Figure(
    name="planted",
    title="A line",
    caption="It rises from 0.5 to 0.7, as in Xu et al. 2024. Bands are 95 %; n = 7.",
    data=Lines((LINE,)),
    table=pd.DataFrame({"x": [0.0, 1.0], "y": [0.5, 0.7]}),
    source="Computed.",
)


def script() -> None:
    """A page with one figure."""
    from components.frame import panel
    from tests.test_card import FIGURE

    panel.show(FIGURE)


def opened(*tools: str) -> AppTest:
    """The page with some tools open."""
    at = AppTest.from_function(script, default_timeout=30)
    for tool in tools:
        at.session_state[f"{tool}-planted"] = True
    return alive(at.run())


def test_nothing_of_closed_tools_is_made(home, monkeypatch):
    made = []
    counted = []
    for tool in card.TOOLS:
        counted.append(
            tool._replace(fill=lambda figure, key=tool.key: made.append(key))
        )
    monkeypatch.setattr(card, "TOOLS", tuple(counted))
    opened()
    assert made == []
    opened("data")
    assert made == ["data"]
    opened("about", "print")
    assert made == ["data", "print", "about"]


def test_a_card_says_one_line_and_the_rest_when_asked(home):
    at = opened()
    assert [one.value for one in at.caption] == [
        r"It rises from 0\.5 to 0\.7, as in Xu et al\. 2024\."
    ]
    assert not at.dataframe
    assert "Bands are" not in words(at)
    at = opened("about")
    assert FIGURE.caption in words(at)
    assert "Computed." in words(at)
    at = opened("data")
    assert at.dataframe[0].value.equals(FIGURE.table)


def falling() -> None:
    """A page with a figure of numbers below zero."""
    from dataclasses import replace

    from components.frame import panel
    from tests.test_card import FIGURE

    panel.show(replace(FIGURE, caption="It falls to -1.5 points. T is -2."))


def test_numbers_below_zero_have_a_minus_sign(home):
    at = AppTest.from_function(falling, default_timeout=30)
    at.session_state["about-planted"] = True
    said = words(alive(at.run()))
    assert "falls to −1.5" in said and "T is −2" in said and "-1.5" not in said


def test_every_tool_has_a_name(home):
    at = opened()
    assert [one.label for one in at.button] == ["Add to figures"]
    assert all(tool.words for tool in card.TOOLS)


def test_what_is_seen_is_said_in_the_builders_words():
    assert panel.seen_sentence(replace(FIGURE, seen="It rises.")) == "It rises."
    assert (
        panel.seen_sentence(replace(FIGURE, caption="One sentence")) == "One sentence"
    )


def test_words_for_the_screen_change_no_recipe():
    plain = Recipe(FIGURE)
    told = Recipe(replace(FIGURE, seen="It rises."))
    assert told.digest == plain.digest
    assert "seen" not in json.loads(recipes.write(told))["figure"]
    assert recipes.read(recipes.write(told), "it").figure.seen == ""


def test_what_was_drawn_is_drawn_once(fresh, monkeypatch):
    count = []
    draw = to_plotly.draw

    def counting(figure: Figure, dark: bool):
        count.append(dark)
        return draw(figure, dark)

    monkeypatch.setattr(to_plotly, "draw", counting)
    first = drawn.drawn(FIGURE, False)
    again = replace(FIGURE, title="Another title", data=Lines((replace(LINE),)))
    assert drawn.drawn(again, False) is first
    assert count == [False]
    drawn.drawn(FIGURE, True)
    assert count == [False, True]
    higher = replace(LINE, y=np.array([0.5, 0.8]))
    drawn.drawn(replace(FIGURE, data=Lines((higher,))), False)
    drawn.drawn(replace(FIGURE, x="layer"), False)
    assert len(count) == 4


def test_drawn_figures_are_bounded(fresh, monkeypatch):
    monkeypatch.setattr(drawn, "MOST", 2)
    for end in range(4):
        line = replace(LINE, y=np.array([0.5, float(end)]))
        drawn.drawn(replace(FIGURE, data=Lines((line,))), False)
    assert len(drawn.at_hand().values) == 2
