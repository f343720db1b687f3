"""The README's picture, taken from the running program: ``python -m tests.picture``."""

from pathlib import Path

from tests.serving import browser, serving, settle

FILE = Path(__file__).parent.parent / "docs" / "overview.png"


def main() -> None:
    """Start the app, open the published triangle and take its picture."""
    with serving() as address, browser() as chromium:
        page = chromium.new_page(viewport={"width": 1280, "height": 900}, device_scale_factor=1.5)
        page.goto(f"{address}/transfer?study=llama2-chat-7b&labels=English+name")
        settle(page)
        page.locator(".js-plotly-plot .heatmaplayer").first.wait_for()
        page.wait_for_timeout(1500)
        FILE.parent.mkdir(exist_ok=True)
        page.screenshot(path=FILE)


if __name__ == "__main__":
    main()
