"""What a visitor waits for, by the clock of a real browser: ``python -m
benchmarks.pages [part …]``. The machine should be quiet.

From the start of a server to the published findings, and the first figures of the
demo's pages (opening); from Run to the first
words in the Playground (playing); from Stop to stopped (stopping); from one layer to
the next on the Layers page (scrubbing).
"""

import itertools
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from analysis.languages.languages import LANGUAGES
from analysis.worker.questions import import_means
from analysis.worker.service import Job, Pool
from tests.browsing import LONG, go, serving
from tests.planted import planted_study
from tests.stored import stored
from tests.test_asked import torch_file
from tests.test_browser import CHROMIUM
from tests.test_browser_playground import LAYERS, WIDTH, play
from tests.tiny import save

ROUNDS = 6
WINDOW = {"width": 1400, "height": 1100}
PAGES = ("", "recognition", "similarity", "transfer", "alignment", "layers", "plane")
NEXT = """plot => ({seconds: new Promise(done => {
  let pressed
  window.addEventListener('mousedown', () => { pressed = performance.now() }, {capture: true, once: true})
  plot.once('plotly_animated', () =>
    requestAnimationFrame(() => setTimeout(() => done((performance.now() - pressed) / 1000))))
})})"""  # noqa: E501
"""Seconds from the press of the mouse until the browser has painted the frame."""
FIGURE = "document.querySelector('.js-plotly-plot .main-svg')"
WORDS = (
    "[...document.querySelectorAll('*')].some(one => "
    "one.shadowRoot?.querySelector('.said span'))"
)
STOPPED = (
    "[...document.querySelectorAll('[data-testid=stAlert]')].some(one => "
    "one.textContent.includes('Stopped.'))"
)
FINDINGS = "document.body?.textContent.includes('mean recognition accuracy')"


def seconds(page: Page, act: Callable[[], object], seen: str) -> float:
    """Time from an act until an expression of the page is true; it is looked at in
    every frame, as locators wait too long.
    """
    begun = time.perf_counter()
    act()
    page.wait_for_function(seen, timeout=LONG)
    return time.perf_counter() - begun


def said(name: str, times: list[float]) -> None:
    """One line of the report."""
    print(
        f"{name:<58} median {statistics.median(times):6.2f} s, largest "
        f"{max(times):6.2f} s, n = {len(times)}",
        flush=True,
    )


def opening(browser: Browser, home: Path) -> None:
    """From the start of a server to the findings, and the pages' first figures."""
    begun = time.perf_counter()
    with serving(home) as address:
        page = browser.new_page()
        seconds(page, partial(page.goto, address), FINDINGS)
        said("server start to the published findings", [time.perf_counter() - begun])
        for cache, name in itertools.product(("cold", "warm"), PAGES):
            look = partial(page.goto, f"{address}/{name}?study=demo")
            said(
                f"{name or 'overview'} of the demo, first figure, {cache}",
                [seconds(page, look, FIGURE)],
            )


def button(page: Page, name: str) -> Locator:
    """A button by the beginning of its name."""
    return page.get_by_role("button", name=re.compile(f"^{name}"))


def playing(browser: Browser, home: Path) -> None:
    """From Run to the first words of the default preset; the first reader looks at the
    page for a while before.
    """
    with serving(home) as address:
        times = []
        for i in range(ROUNDS):
            page = go(
                browser.new_page(viewport=WINDOW),
                f"{address}/playground?study=demo",
                "Playground",
            )
            time.sleep(1 if i else 10)
            times.append(
                seconds(
                    page, partial(button(page, "Run").press, "Control+Enter"), WORDS
                )
            )
            expect(
                page.get_by_text("Strength 0 equals the baseline in this batch")
            ).to_be_visible(timeout=LONG)
            page.context.close()
        said("Run to the first words, first of the server", times[:1])
        said("Run to the first words, later", times[1:])


def stopping(browser: Browser, home: Path) -> None:
    """From Stop to stopped, in the midst of a long strip of strengths."""
    with serving(home) as address:
        times = []
        for _ in range(ROUNDS):
            page = go(
                browser.new_page(viewport=WINDOW),
                play(address, tokens=1500, strip=True),
                "Playground",
            )
            button(page, "Run").press("Control+Enter")
            expect(
                page.get_by_text(re.compile(r"answering · [1-9]\d* of 1500"))
            ).to_be_visible(timeout=LONG)
            times.append(seconds(page, button(page, "Stop").click, STOPPED))
            page.context.close()
        said("Stop to stopped", times)


def scrubbing(browser: Browser, home: Path) -> None:
    """From the press on another layer of the ruler until its points are painted."""
    with serving(home) as address:
        for study, dims in itertools.product(("means", "demo"), "23"):
            page = go(
                browser.new_page(viewport=WINDOW),
                f"{address}/layers?study={study}&dims={dims}",
                "Layers",
            )
            plot = page.locator(".js-plotly-plot:has(.slider-group)").first
            rail = plot.locator(".slider-rail-touch-rect")
            rail.scroll_into_view_if_needed()
            box, times = rail.bounding_box(), []
            for i in range(3 * ROUNDS):
                coming = plot.evaluate_handle(NEXT)
                page.mouse.click(
                    box["x"] + box["width"] * (i * 7 % 20 + 0.5) / 20,
                    box["y"] + box["height"] / 2,
                )
                times.append(coming.evaluate("one => one.seconds"))
            said(f"layers of {study} in {dims} dimensions, to another layer", times)
            page.context.close()


def stock(home: Path) -> None:
    """A model that takes a while with a study of its width, and mean states of 10
    languages × 32 layers × 4,096.
    """
    stored(
        "steered",
        planted_study(("fairness", "truth"), ("en", "fr"), (LAYERS, 24, WIDTH)),
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
        home / "models" / "slow",
        "llama",
        num_hidden_layers=LAYERS,
        eos_token_id=None,
        **more,
    )
    files = {
        f"m.{code}.pt": torch_file(torch.randn(32, 4096))
        for code in tuple(LANGUAGES)[:10]
    }
    import_means(files, "owner/name", "means")(
        Job(0, "benchmark", "means", None), Pool()
    )


PARTS = {part.__name__: part for part in (opening, playing, stopping, scrubbing)}

if __name__ == "__main__":
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "BABELSCOPE_HOME": folder,
            "BABELSCOPE_MODELS": f"{folder}/models",
        }
        stock(Path(folder))
        chromium = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        for part in sys.argv[1:] or PARTS:
            PARTS[part](chromium, Path(folder))
