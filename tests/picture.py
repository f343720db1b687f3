"""The README's picture, taken from the running program: ``python -m tests.picture``."""

import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browsing import serving, settle
from tests.test_browser import CHROMIUM

FILE = Path(__file__).parent.parent / "docs" / "overview.png"


def main() -> None:
    """Start the app, open the published triangle and take its picture."""
    with (
        tempfile.TemporaryDirectory() as home,
        serving(Path(home)) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        page.goto(f"{address}/transfer?study=llama2-chat-7b&labels=English+name")
        settle(page)
        page.locator(".heatmaplayer image").first.wait_for()
        page.wait_for_timeout(1500)
        FILE.parent.mkdir(exist_ok=True)
        page.screenshot(path=FILE)


if __name__ == "__main__":
    main()
