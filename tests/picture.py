"""The README's picture, taken from the running program: ``python -m tests.picture``.

What the shipped study says stands beside recorded answers of its model.
"""

import base64
import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.browsing import LONG, serving, settle
from tests.test_browser import CHROMIUM

FILE = Path(__file__).parent.parent / "docs" / "first.png"
SIZE = {"width": 1400, "height": 1000}
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
        overview = pictured(page, address, "Languages agree")
        answers = pictured(page, f"{address}/playground", "Turns, and the random twin")
        encoded = [base64.b64encode(each).decode() for each in (overview, answers)]
        page.set_viewport_size({"width": 2 * WIDTH + 64, "height": 200})
        page.set_content(SHEET.format(encoded[0], WIDTH, encoded[1], WIDTH))
        page.screenshot(path=FILE, full_page=True)


def pictured(page: Page, address: str, last: str) -> bytes:
    """A page of a fresh install, once a text that comes late is there."""
    page.goto(address)
    expect(page.get_by_text(last).first).to_be_visible(timeout=LONG)
    settle(page)
    page.wait_for_timeout(4000)
    return page.screenshot()


if __name__ == "__main__":
    main()
