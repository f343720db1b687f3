"""The Playground in a real browser: answers stream, Stop stops, links are restored, two
users never mix.
"""

import json
import re
from contextlib import suppress
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browsing import LONG, go, serving, settle
from tests.planted import planted_study
from tests.stored import stored
from tests.test_browser import browser, session  # noqa: F401
from tests.tiny import save

pytestmark = pytest.mark.browser
LAYERS, WIDTH = 6, 128
HOSTILE = "<img src=http://evil.example/x> ![x](http://evil.example/y.png) **b**"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with a model that takes a while and a study of its width."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BABELSCOPE_HOME", str(folder))
        study = planted_study(("fairness", "truth"), ("en", "fr"), (LAYERS, 24, WIDTH))
        stored(
            "steered",
            study,
            title="Steered",
            spec={"model": {"model": "slow", "device": "cpu"}},
        )
        more = {
            "hidden_size": WIDTH,
            "intermediate_size": 512,
            "head_dim": 32,
            "max_position_embeddings": 4096,
        }
        save(
            folder / "models" / "slow",
            "llama",
            num_hidden_layers=LAYERS,
            eos_token_id=None,
            **more,
        )
        yield folder


@pytest.fixture(scope="module")
def server(home):
    """One server for the module."""
    with serving(home) as address:
        yield address


def play(server: str, **values: object) -> str:
    """A link to the Playground with these settings."""
    settings = json.dumps(
        {"template": "none", "prompt": "the judge", **values}, ensure_ascii=False
    )
    return f"{server}/playground?study=steered&play={quote(settings)}"


def run(page: Page) -> Locator:
    """The button that asks for answers."""
    return page.get_by_role("button", name=re.compile("^Run"))


def ask_by_key(page: Page) -> None:
    """Press the keys that ask for answers, again where nobody listened yet."""
    stop = page.get_by_role("button", name=re.compile("^Stop"))
    for _ in range(4):
        run(page).press("Control+Enter")
        with suppress(AssertionError):
            expect(stop).to_be_visible(timeout=LONG / 4)
            return
    expect(stop).to_be_visible()


def said(page: Page, label: str) -> str:
    """The answer of one card."""
    card = (
        page.get_by_test_id("stVerticalBlock")
        .filter(has=page.get_by_text(label, exact=True))
        .last
    )
    return card.locator(".said").inner_text()


def answered(page: Page) -> Page:
    """The page once its answers are whole."""
    expect(
        page.get_by_text("Strength 0 equals the baseline in this batch")
    ).to_be_visible(timeout=LONG)
    settle(page)
    return page


def test_answers_stream_and_stop_ends_them(server, session):  # noqa: F811
    page = go(session(), play(server, tokens=1500, strip=True), "Playground")
    ask_by_key(page)
    expect(page.get_by_text(re.compile(r"answering · \d+ of 1500"))).to_be_visible(
        timeout=LONG
    )
    page.get_by_role("button", name=re.compile("^Stop")).click()
    expect(page.get_by_text("Stopped.")).to_be_visible(timeout=LONG)
    # Those that had ended by themselves before say so; the others end in “…”.
    ended = re.compile(r"^\d+ tokens, (…|ended by itself)")
    expect(page.get_by_text(ended).first).to_be_visible()


def test_the_same_link_says_the_same_in_a_second_browser(server, session):  # noqa: F811
    first = go(session(), play(server), "Playground")
    first.get_by_role("spinbutton", name="Exactly").fill("35")
    first.get_by_role("spinbutton", name="Exactly").press("Enter")
    settle(first)
    expect(first).to_have_url(re.compile("strength.*35"))
    run(first).click()
    answered(first)
    second = go(session(), first.url, "Playground")
    expect(second.get_by_role("spinbutton", name="Exactly")).to_have_value("35")
    run(second).click()
    answered(second)
    assert said(first, "Steered") == said(second, "Steered") != said(second, "Baseline")
    assert second.locator(".said .changed").count() > 0


def test_two_users_with_opposite_strengths_never_mix(server, session):  # noqa: F811
    strengths = (40.0, -40.0)
    alone = []
    for strength in strengths:
        page = go(session(), play(server, strength=strength, tokens=48), "Playground")
        run(page).click()
        alone.append(said(answered(page), "Steered"))
    assert alone[0] != alone[1]
    pages = [
        go(session(), play(server, strength=strength, tokens=48), "Playground")
        for strength in strengths
    ]
    for page in pages:
        run(page).click()
    assert [said(answered(page), "Steered") for page in pages] == alone


def test_a_click_on_the_curve_reads_the_text_at_that_strength(server, session):  # noqa: F811
    page = go(session(), play(server, tokens=4), "Playground")
    page.get_by_role("button", name=re.compile("^Measure the curve")).click()
    slider = page.get_by_test_id("stSlider").filter(
        has_text="Read the text at strength"
    )
    expect(slider).to_be_visible(timeout=LONG)
    settle(page)
    plot = page.locator(".js-plotly-plot").last
    plot.scroll_into_view_if_needed()
    point = plot.locator(".scatterlayer .point").last.bounding_box()
    page.mouse.click(point["x"] + point["width"] / 2, point["y"] + point["height"] / 2)
    settle(page)
    last = slider.get_by_test_id("stSliderTickBar").inner_text().split()[-1]
    expect(slider.get_by_role("slider")).to_have_attribute("aria-valuetext", last)


def test_a_closed_tab_frees_the_worker(server, session):  # noqa: F811
    gone = go(session(), play(server, tokens=2048, strip=True), "Playground")
    ask_by_key(gone)
    expect(gone.get_by_text(re.compile(r"answering · \d+ of 2048"))).to_be_visible(
        timeout=LONG
    )
    gone.context.close()
    page = go(session(), play(server, tokens=2), "Playground")
    run(page).click()
    answered(page)


def test_answers_stand_beside_the_controls_and_prompts_in_their_own_direction(
    server,
    session,  # noqa: F811
):
    page = go(session(), play(server, prompt="سأل الطبيب", tokens=4), "Playground")
    box = page.get_by_role("textbox", name="Prompt", exact=True)
    style = box.evaluate("box => getComputedStyle(box).unicodeBidi")
    assert style == "plaintext"
    run(page).click()
    answered(page)
    controls, answers = box.bounding_box(), page.locator(".said").first.bounding_box()
    assert answers["x"] > controls["x"] + controls["width"]
    assert answers["y"] + answers["height"] < page.viewport_size["height"]


def test_a_hostile_prompt_stays_text(server, session):  # noqa: F811
    page = go(session(), play(server, prompt=HOSTILE, tokens=4), "Playground")
    run(page).click()
    answered(page)
    page.get_by_text("The prompt as the model reads it").click()
    expect(
        page.get_by_test_id("stCode").filter(has_text="evil.example").first
    ).to_be_visible()
    assert page.locator("img[src*=evil]").count() == 0
    assert page.locator(".said").first.get_attribute("dir") == "ltr"
