"""The README's picture, taken from the running program: ``python -m tests.picture``.

A steered answer of the demo model stands beside the published transfer triangle.
"""

import base64
import json
import re
import tempfile
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Page, expect, sync_playwright

from tests.browsing import LONG, serving, settle
from tests.test_browser import CHROMIUM

FILE = Path(__file__).parent.parent / "docs" / "first.png"
PLAY = {
    "preset": "declined request",
    "template": "chat",
    "concept": "harmfulness",
    "vector": "en",
    "range": [2, 4],
    "strength": 0.25,
}
"""A request that the demo model declines, and the push under which it does not."""
SIZE = {"width": 1220, "height": 1600}
MARGIN = 6
WIDTH = 700
"""Pixels of each half."""
SHEET = """
<body style="margin: 0; padding: 16px; background: white; display: flex; gap: 32px;
             align-items: flex-start">
  <img src="data:image/png;base64,{}" width="{}">
  <img src="data:image/png;base64,{}" width="{}">
</body>
"""


def main() -> None:
    """Start the app, take both pictures and lay them side by side."""
    with (
        tempfile.TemporaryDirectory() as home,
        serving(Path(home)) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        page = browser.new_page(viewport=SIZE, device_scale_factor=1.5)
        answer = steered_answer(page, address)
        triangle = transfer_triangle(page, address)
        encoded = [base64.b64encode(each).decode() for each in (answer, triangle)]
        page.set_viewport_size({"width": 2 * WIDTH + 64, "height": 200})
        page.set_content(SHEET.format(encoded[0], WIDTH, encoded[1], WIDTH))
        page.screenshot(path=FILE, full_page=True)


def steered_answer(page: Page, address: str) -> bytes:
    """The Playground with an answer, from its prompt to what the answer is of."""
    page.goto(
        f"{address}/playground?study=demo-requests&play={quote(json.dumps(PLAY))}"
    )
    settle(page)
    page.get_by_role("button", name=re.compile("^Run")).click()
    done = page.get_by_text("Strength 0 equals the baseline in this batch")
    expect(done).to_be_visible(timeout=LONG)
    settle(page)
    page.wait_for_timeout(1500)
    return between(page, "Concept", "Demo model:")


def transfer_triangle(page: Page, address: str) -> bytes:
    """The transfer triangle, from its question to its caption."""
    page.goto(f"{address}/transfer?study=llama2-chat-7b&labels=English+name")
    settle(page)
    page.locator(".heatmaplayer image").first.wait_for()
    page.wait_for_timeout(1500)
    return between(page, "Transfer from a source language", "Row by row")


def between(page: Page, first: str, last: str) -> bytes:
    """What the page shows from one text to another, as a picture."""
    main = page.get_by_test_id("stMain")
    whole = main.get_by_test_id("stVerticalBlock").first.bounding_box()
    top = main.get_by_text(first, exact=first == "Concept").first.bounding_box()
    end = main.get_by_text(last).last.bounding_box()
    assert whole and top and end
    clip = {
        "x": whole["x"] - MARGIN,
        "y": top["y"],
        "width": whole["width"] + 2 * MARGIN,
        "height": end["y"] + end["height"] - top["y"] + MARGIN,
    }
    return page.screenshot(clip=clip)


if __name__ == "__main__":
    main()
