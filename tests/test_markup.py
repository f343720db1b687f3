"""Names that look like markup are drawn as they are: on the screen, in tables, in LaTeX."""

import html
import json
import re
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import numpy as np
import plotly
import pytest
from playwright.sync_api import sync_playwright

from components.screen import to_plotly
from tests.test_browser import CHROMIUM
from tests.test_screen import DATA, spec

LINK = "<a href='https://x.example'>q</a> %{x} &lt;b&gt; & "
"""A name that opens a link, asks for a value and holds an entity."""
OWN_TAGS = re.compile(r"</?(?:br|i|extra)>")


def named_so(value):
    """A spec's data with the hostile name before each of its texts."""
    if isinstance(value, str):
        return LINK + value
    if isinstance(value, tuple):
        return tuple(map(named_so, value))
    if isinstance(value, np.ndarray) and value.dtype.kind == "U":
        return np.array([LINK + each for each in value.ravel()]).reshape(value.shape)
    if is_dataclass(value):
        changed = {
            each.name: named_so(getattr(value, each.name)) for each in fields(value)
        }
        return replace(value, **changed)
    return value


def hostile(name):
    """A figure of one kind in which every text is hostile."""
    found = spec(name)
    return replace(found, data=named_so(found.data), x=LINK + "x", y=LINK + "y")


THREE = replace(
    DATA["cloud"], places=np.linspace(-1, 1, 18).reshape(2, 3, 3), explained=None
)


def every_hostile():
    """Hostile figures of every kind, a cloud in three dimensions among them."""
    found = {name: hostile(name) for name in DATA}
    solid = hostile("cloud")
    found["solid cloud"] = replace(solid, data=named_so(THREE))
    return found


def texts_of(value):
    """Every text in a drawn figure, but for what clicks return."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from texts_of(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts_of(each)


@pytest.mark.parametrize("name", every_hostile())
def test_no_text_of_a_figure_is_markup(name):
    figure = every_hostile()[name]
    if hasattr(figure.data, "codes"):
        # A click returns these as they are; nothing shows them.
        plain = DATA.get(name, THREE)
        figure = replace(figure, data=replace(figure.data, codes=plain.codes))
    drawn = json.loads(to_plotly.draw(figure).to_json())
    drawn.get("layout", {}).pop("template", None)
    told = [text for text in texts_of(drawn) if "x.example" in text]
    assert told, "the name is drawn"
    for text in told:
        if "<\N{ZERO WIDTH SPACE}a" in text:
            # WebGL writes it: entities and values are not read there.
            assert not re.search(r"</?[a-z]", text)
            continue
        rest = OWN_TAGS.sub("", text)
        assert "<" not in rest
        assert "%{x} " not in rest
        assert LINK.strip() in html.unescape(rest)


def test_codes_of_a_click_stay_as_they_are():
    codes = ((LINK, "fr", "ta"), ("en", "fr", "ta", LINK))
    data = replace(DATA["matrix"], codes=codes)
    drawn = to_plotly.draw(replace(spec("matrix"), data=data))
    given = [trace.customdata for trace in drawn.data if trace.type == "scatter"]
    assert given[0][0][0] == LINK
    assert given[0][3][1] == LINK


@pytest.mark.browser
def test_a_browser_shows_the_name_and_no_link():
    script = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    draw = """figure => {
        const place = document.createElement('div');
        document.body.replaceChildren(place);
        return Plotly.newPlot(place, figure).then(() => {
            const said = place.data.findIndex(each => each.hovertemplate);
            const cells = said >= 0 && place.data[said].type === 'heatmap';
            const point = {curveNumber: said, pointNumber: cells ? [0, 0] : 0};
            const plots = Object.keys(place._fullLayout._plots);
            if (said >= 0 && plots.length) {
                Plotly.Fx.hover(place, [point], plots);
            }
            return [place.querySelectorAll('a[href*=example]').length,
                    [...place.querySelectorAll('text')].map(each => each.textContent)
                        .concat([...place.querySelectorAll('text')].map(
                            each => each.getAttribute('data-unformatted') || ''))];
        });
    }"""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        page = browser.new_page()
        page.add_script_tag(path=str(script))
        for name, figure in every_hostile().items():
            drawn = to_plotly.draw(figure)
            links, texts = page.evaluate(draw, json.loads(drawn.to_json()))
            assert links == 0, name
            if name != "unnamed points":
                shown = " ".join(" ".join(texts).split())
                assert LINK.strip() in shown, (name, shown[:300])
        browser.close()
