"""The published file as a reader opens it: from a folder, by keyboard, in a narrow window."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect, sync_playwright

import babelscope as bs
from analysis.study import store
from tests.browsing import LONG
from tests.planted import Planting, planted_study
from tests.recorded_answers import recordings, turn
from tests.stored import stored
from tests.test_browser import CHROMIUM

pytestmark = pytest.mark.browser
CELLS = """() => JSON.stringify(Array.from(
    document.querySelector('.ruler').previousElementSibling.calcdata[0][0].z,
    row => Array.from(row)
))"""
"""The values of the figure above the ruler."""


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A study with a layer ruler, tables and recorded answers, as one file."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BABELSCOPE_HOME", str(home))
        planted = planted_study(
            ("fairness", "truth"),
            ("en", "fr", "zh"),
            (4, 24, 16),
            planting=Planting("rotated", peak=3),
        )
        place = stored("mine", planted, title="Mine")
        store.put_recordings(place, recordings(turn("Kinder words")))
        yield bs.publish("mine", home / "mine.html", pages=["Similarity", "Playground"])


@pytest.fixture
def opened(path):
    """Opens the file as somebody's browser would; afterwards nothing was asked for."""
    assert CHROMIUM, "the browser tests need Chrome or Chromium on the search path"
    faults = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)

        def new(width: int, scheme: str) -> Page:
            page = browser.new_page(
                viewport={"width": width, "height": 900}, color_scheme=scheme
            )
            page.set_default_timeout(LONG)
            page.on("pageerror", lambda error: faults.append(str(error)))
            page.on("request", lambda asked: faults.append(asked.url))
            page.goto(path.as_uri())
            page.locator(".plot[data-drawn] .main-svg").first.wait_for()
            return page

        yield new
        browser.close()
    assert all(fault.startswith("file:") for fault in faults), faults


def focused(page: Page) -> str:
    """What has the focus, and how its outline is drawn."""
    return page.evaluate(
        """() => {
            const here = document.activeElement
            const name = here.labels?.[0]?.innerText || here.innerText
            return `${here.tagName} ${name} ${getComputedStyle(here).outlineStyle}`
        }"""
    )


def tab_to(page: Page, wanted: str) -> None:
    """Press Tab until a control has the focus, visibly; each on the way has it too."""
    for _ in range(60):
        page.keyboard.press("Tab")
        told = focused(page)
        assert not told.endswith(" none"), told
        if wanted in told:
            return
    raise AssertionError(f"no Tab leads to {wanted}")


def test_layers_tables_and_answers_are_reached_and_used_by_keyboard(opened):
    page = opened(1300, "light")
    ruler = page.get_by_role("slider", name="Layer")
    ruler.scroll_into_view_if_needed()
    first = page.evaluate(CELLS)
    tab_to(page, "INPUT Layer")
    before = ruler.get_attribute("aria-valuetext")
    page.keyboard.press("ArrowRight")
    expect(ruler).not_to_have_attribute("aria-valuetext", before or "")
    page.wait_for_function(f"first => ({CELLS})() !== first", arg=first)
    chosen = ruler.get_attribute("aria-valuetext")
    page.get_by_role("button", name="Dark page").click()
    page.wait_for_function("() => document.documentElement.dataset.theme === 'dark'")
    expect(ruler).to_have_attribute("aria-valuetext", chosen or "")
    tab_to(page, "SUMMARY Numbers")
    page.keyboard.press("Enter")
    expect(page.get_by_role("table").first).to_be_visible()
    tab_to(page, "A Save as CSV")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.matches('.twin > div')")
    tab_to(page, "SELECT Prompt")


def test_no_button_sends_a_figure_anywhere(opened):
    """Plotly's own tool bar has one unless it is told not to."""
    page = opened(1300, "light")
    names = page.locator(".modebar-btn").evaluate_all(
        "all => all.map(each => each.dataset.title || each.ariaLabel)"
    )
    assert "Download plot as a PNG" in names
    assert not [name for name in names if re.search("share|cloud|edit", name, re.I)]


@pytest.mark.parametrize(("width", "scheme"), [(1300, "light"), (390, "dark")])
def test_readers_with_a_screen_reader_or_a_telephone_are_not_left_out(
    opened, width, scheme
):
    page = opened(width, scheme)
    for twin in page.locator(".twin summary").all():
        twin.click()
    page.get_by_role("table").first.wait_for()
    wide, window = page.evaluate(
        "() => [document.documentElement.scrollWidth, window.innerWidth]"
    )
    assert wide <= window
    found = Axe().run(page).response["violations"]
    told = [(each["id"], each["nodes"][0]["html"][:200]) for each in found]
    assert not told
