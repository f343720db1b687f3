"""Control in a real browser: a run is planned, timed, stopped, gone on with, read, and
found again by its link.
"""

import re

import pytest
from playwright.sync_api import Error, Page, expect

from tests.browsing import LONG, cell, go, serving, settle
from tests.test_browser import browser, session  # noqa: F401

pytestmark = pytest.mark.browser
MISSING = re.compile(r"^\d+ cells are missing")


@pytest.fixture
def server(tmp_path):
    """A server whose home has no run yet, at a second attempt neither."""
    with serving(tmp_path) as address:
        yield address


def fill(page: Page, label: str, value: int) -> None:
    """Type a number into a box."""
    box = page.get_by_role("spinbutton", name=label)
    box.fill(str(value))
    box.press("Enter")
    settle(page)


def missing(page: Page) -> int:
    """How many cells a run lacks, as the page says."""
    expect(page.get_by_text(MISSING)).to_be_visible(timeout=LONG)
    return int(page.get_by_text(MISSING).inner_text().split()[0])


def place_of_effect(page: Page) -> int | None:
    """Which figure of the open tab shows the effect; None while figures come and go."""
    titles = page.locator("h5").all_inner_texts()
    if len(titles) != page.locator(".js-plotly-plot").count():
        return None
    found = [i for i, title in enumerate(titles) if title.startswith("Effect")]
    return found[0] if found else None


def test_a_run_from_its_plan_to_its_texts_and_to_another_browser(server, session):  # noqa: F811
    page = go(session(), f"{server}/control?study=demo", "Control")
    fill(page, "Search prompts a language", 6)
    fill(page, "Reported prompts a language", 2)
    page.get_by_text("Strengths, layers, operator, template, tokens").click()
    fill(page, "Layer sets", 4)
    page.get_by_role("button", name=re.compile("^Time one cell")).click()
    expect(page).to_have_url(re.compile("run="), timeout=LONG)
    left = missing(page)
    expect(page.get_by_text(re.compile("take about"))).to_be_visible(timeout=LONG)
    page.get_by_role("button", name=re.compile("^Go on")).click()
    expect(page.get_by_role("heading", name="Cells that are kept")).to_be_visible(
        timeout=LONG
    )
    main = page.get_by_test_id("stMain")
    main.get_by_role("button", name=re.compile("^Stop")).click()
    expect(
        page.get_by_text(re.compile("Stopped. Everything finished so far is kept"))
    ).to_be_visible(timeout=LONG)
    assert 0 < missing(page) <= left
    page.get_by_role("button", name=re.compile("^Go on")).click()
    done = page.get_by_text(re.compile(r": done in \d+ s"))
    expect(done).to_be_visible(timeout=4 * LONG)
    settle(page)
    other = go(session(), page.url, "Control")
    for each in (page, other):
        expect(
            each.get_by_role("tab", name="What works in which language?")
        ).to_be_visible(timeout=LONG)
        expect(each.get_by_text(MISSING)).to_have_count(0)
    other.get_by_role("tab", name="Which strength and layers?").click()
    expect(other.get_by_role("heading", name=re.compile("^Effect"))).to_be_visible(
        timeout=LONG
    )
    told = other.get_by_text(re.compile(r"^Strength [\d.]+ on layers .+: 6 texts\.$"))
    for _ in range(20):
        # A figure that is drawn anew at this moment hears no click.
        settle(other)
        place = place_of_effect(other)
        if place is None:
            other.wait_for_timeout(1000)
            continue
        try:
            other.mouse.click(*cell(other, 0, 0, place))
            expect(told).to_be_visible(timeout=LONG / 4)
            break
        except (AssertionError, Error):
            other.wait_for_timeout(1000)
    expect(told).to_be_visible()
