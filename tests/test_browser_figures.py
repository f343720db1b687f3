"""The basket in a real browser: a figure is added, the basket ordered, emptied,
refilled, and there again after a restart.
"""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browsing import LONG, go, serving, settle
from tests.planted import Planting, planted_study
from tests.stored import stored
from tests.test_browser import browser, session  # noqa: F401

pytestmark = pytest.mark.browser
TRIANGLE, GAP = "Transfer from a source language", "Transfer against the starting gap"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with a planted study."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BABELSCOPE_HOME", str(folder))
        stored(
            "planted",
            planted_study(
                ("fairness", "truth"),
                ("en", "fr", "zh"),
                (4, 24, 16),
                planting=Planting("rotated", peak=3),
            ),
        )
        yield folder


def add(page: Page, name: str) -> None:
    """Put a figure of the page into the basket."""
    page.locator(f".st-key-add-{name}").get_by_role("button").click()
    expect(page.get_by_text(re.compile("^Kept: ")).last).to_be_visible(timeout=LONG)
    settle(page)


def kept(page: Page, *titles: str) -> None:
    """The basket holds exactly these, in this order, each with its picture."""
    headings = page.get_by_test_id("stMain").get_by_role("heading", level=5)
    expect(headings).to_have_count(len(titles), timeout=LONG)
    for place, title in enumerate(titles):
        expect(headings.nth(place)).to_contain_text(title)
    expect(
        page.get_by_test_id("stMain").locator("[data-testid='stImage'] img")
    ).to_have_count(len(titles), timeout=LONG)


def press(page: Page, label: str, place: int = 0) -> None:
    """A button of one figure of the basket, or of the page."""
    page.get_by_test_id("stMain").get_by_role(
        "button", name=re.compile(f"{label}$")
    ).nth(place).click()
    settle(page)


def test_the_basket_is_filled_ordered_emptied_and_kept(home, session):  # noqa: F811
    with serving(home) as address:
        page = go(session(), f"{address}/transfer?study=planted", "Transfer")
        add(page, "transfer-planted")
        add(page, "starting-gap-planted")
        page.get_by_test_id("stSidebar").get_by_role("link", name="Figures").click()
        expect(page.get_by_role("heading", name="Figures", exact=True)).to_be_visible(
            timeout=LONG
        )
        kept(page, TRIANGLE, GAP)
        press(page, "Down")
        kept(page, GAP, TRIANGLE)
        press(page, "Remove", 1)
        kept(page, GAP)
        press(page, "Bring back the last removed figure")
        kept(page, GAP, TRIANGLE)
        page.context.close()
    with serving(home) as address:
        kept(go(session(), f"{address}/figures", "Figures"), GAP, TRIANGLE)
