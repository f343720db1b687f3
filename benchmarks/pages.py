"""What a visitor waits for, by the clock of a real browser: ``python -m
benchmarks.pages [part …]``. The machine should be quiet.

``opening``: of the real study, on a new server and again: the first paint of each page,
a click in the menu until the first figure of that page, a tab until its chart, and what
had come over the wire before a tab was opened. Wanted on two quiet cores: first paint
≤ 1.5 s warm, click and tab ≤ 1 s, wire ≤ 150 KiB. ``many``: a page again by a click with
3 and with 300 studies in the library; wanted: ≤ 1.2 times as long. ``crowd``: the first
view of pages of a planted study in all languages of FLORES; wanted: ≤ 10 s. ``beside``: a
page again by a click while a study is extracted, by a thread of the server and by a worker
in a process of its own. Also from Run to the
first words in the Playground (``playing``), from Stop to stopped (``stopping``), and
from one layer to the next on the Layers page (``scrubbing``).
"""

import itertools
import os
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from playwright.sync_api import (
    Browser,
    FilePayload,
    Locator,
    Page,
    TimeoutError,
    WebSocket,
    expect,
    sync_playwright,
)

from analysis.concepts.corpora import to_csv
from analysis.concepts.pairs import ContrastPair, Corpus
from analysis.core.settings import WORKERS
from analysis.languages.languages import LANGUAGES, canonical
from analysis.study.library import REAL
from analysis.worker.questions import import_means
from analysis.worker.service import Job, Pool
from tests.browsing import LONG, choose, go, serving, settle
from tests.flores import FLORES
from tests.planted import planted_study
from tests.stored import stored
from tests.test_asked import torch_file
from tests.test_browser import CHROMIUM
from tests.test_browser_playground import LAYERS, WIDTH, play
from tests.tiny import save

ROUNDS = 6
WINDOW = {"width": 1400, "height": 1100}
PAGES = (
    "Overview",
    "Recognition",
    "Similarity",
    "Transfer",
    "Alignment",
    "Layers",
    "Plane",
)
TAB_WAIT = 20_000
"""Milliseconds after which a tab counts as one without a chart."""
FEW, MANY = 3, 300
BESIDE_ROUNDS = 3
MANY_PAIRS = 20_000
EXTRACTING = re.compile("fairness · ")
"""What the job tells while it reads."""
CROWDED = ("Overview", "Recognition", "Similarity", "Transfer")
"""Pages that have a figure over all languages at first view."""
NEXT = """plot => ({seconds: new Promise(done => {
  let pressed
  window.addEventListener('mousedown', () => { pressed = performance.now() }, {capture: true, once: true})
  plot.once('plotly_animated', () =>
    requestAnimationFrame(() => setTimeout(() => done((performance.now() - pressed) / 1000))))
})})"""  # noqa: E501
"""Seconds from the press of the mouse until the browser has painted the frame."""

WORDS = (
    "[...document.querySelectorAll('*')].some(one => "
    "one.shadowRoot?.querySelector('.said span'))"
)
STOPPED = (
    "[...document.querySelectorAll('[data-testid=stAlert]')].some(one => "
    "one.textContent.includes('Stopped.'))"
)
TITLE = "[...document.querySelectorAll('h1')].some(one => one.innerText.includes('{}'))"
FRESH = (
    "[...document.querySelectorAll('[data-testid=stElementContainer]')].some(one => "
    "one.dataset.stale !== 'true' && one.querySelector('.js-plotly-plot .main-svg'))"
)
OPEN_TAB = (
    "[...document.querySelectorAll('[role=tabpanel]')].some(one => one.offsetParent && "
    "one.querySelector('.js-plotly-plot .main-svg'))"
)


def seconds(
    page: Page, act: Callable[[], object], seen: str, wait: float = LONG
) -> float:
    """Time from an act until an expression of the page is true; it is looked at in
    every frame, as locators wait too long.
    """
    begun = time.perf_counter()
    act()
    page.wait_for_function(seen, timeout=wait)
    return time.perf_counter() - begun


def said(name: str, times: list[float]) -> None:
    """One line of the report."""
    print(
        f"{name:<58} median {statistics.median(times):6.2f} s, largest "
        f"{max(times):6.2f} s, n = {len(times)}",
        flush=True,
    )


class Wire:
    """Bytes that a page gets from its server through the socket."""

    def __init__(self, page: Page) -> None:
        self.bytes = 0
        page.on("websocket", self.listen)

    def listen(self, socket: WebSocket) -> None:
        """Count what comes through one more socket."""
        socket.on("framereceived", self.count)

    def count(self, payload: bytes | str) -> None:
        """Count one message."""
        self.bytes += len(payload)


def shows(name: str) -> str:
    """Whether the page of this title is there with a figure of its own."""
    return f"{TITLE.format(name)} && {FRESH}"


def opening(browser: Browser, home: Path) -> None:
    """Pages of the real study: first paint, click to first figure, tab to chart, wire."""
    begun = time.perf_counter()
    with serving(home) as address:
        page = browser.new_page(viewport=WINDOW)
        wire = Wire(page)
        go_to = partial(page.goto, f"{address}/?study={REAL}")
        seconds(page, go_to, TITLE.format("Overview"))
        said("server start to the first paint", [time.perf_counter() - begun])
        for again in ("first opening", "second opening"):
            for name in PAGES:
                visited(page, wire, name, again)
        page.context.close()
        for name in PAGES:
            painted(browser, address, name)


def visited(page: Page, wire: Wire, name: str, again: str) -> None:
    """A page by a click in the menu, then each of its tabs."""
    wire.bytes = 0
    link = page.get_by_test_id("stSidebar").get_by_role("link", name=name).first
    said(
        f"{name}, click to first figure, {again}",
        [seconds(page, link.click, shows(name))],
    )
    settle(page)
    print(f"{name}, on the wire before a tab is opened: {wire.bytes / 1024:.0f} KiB")
    tabs = page.get_by_role("tab")
    for place in range(1, tabs.count()):
        tab = tabs.nth(place)
        told = f"{name}, tab “{tab.inner_text()}” to chart, {again}"
        try:
            said(told, [seconds(page, tab.click, OPEN_TAB, TAB_WAIT)])
        except TimeoutError:
            print(f"{told}: no chart")
        settle(page)


def painted(browser: Browser, address: str, name: str) -> None:
    """The first paint of a page by its address, on a warm server."""
    page = browser.new_page(viewport=WINDOW)
    place = "" if name == "Overview" else name.lower()
    go_to = partial(page.goto, f"{address}/{place}?study={REAL}")
    said(f"{name}, first paint, warm", [seconds(page, go_to, TITLE.format(name))])
    page.context.close()


def many(browser: Browser, home: Path) -> None:
    """Pages again by a click, with few and with many studies in the library."""
    medians = []
    for size in (FEW, MANY):
        own = home / f"of-{size}"
        own.mkdir()
        filled(own, size)
        with serving(own) as address:
            page = browser.new_page(viewport=WINDOW)
            page.goto(f"{address}/?study={REAL}")
            page.wait_for_function(shows("Overview"), timeout=LONG)
            times = [
                turned(page, name) for name in ("Transfer", "Recognition") * ROUNDS
            ]
            # The first visit of each computes what it shows.
            said(f"a page again by a click, {size} studies", times[2:])
            medians.append(statistics.median(times[2:]))
            page.context.close()
    print(f"{MANY} against {FEW} studies: {medians[1] / medians[0]:.2f} times as long")


def crowd(browser: Browser, home: Path) -> None:
    """First views of a study in 204 languages, until their own figure is there."""
    own = home / "crowd"
    own.mkdir()
    before = os.environ["BABELSCOPE_HOME"]
    os.environ["BABELSCOPE_HOME"] = str(own)
    try:
        codes = tuple(map(canonical, FLORES))
        stored("crowd", planted_study(("fairness",), codes, (4, 40, 32)))
    finally:
        os.environ["BABELSCOPE_HOME"] = before
    with serving(own) as address:
        for name in CROWDED:
            page = browser.new_page(viewport=WINDOW)
            place = "" if name == "Overview" else name.lower()
            go_to = partial(page.goto, f"{address}/{place}?study=crowd")
            took = seconds(page, go_to, shows(name))
            said(f"{name} of {len(codes)} languages, first view", [took])
            settle(page)
            page.context.close()


def beside(browser: Browser, home: Path) -> None:
    """Pages by a click while a model computes, by a thread of the server or a worker."""
    for i in range(BESIDE_ROUNDS):
        for workers in ("0", "1"):
            os.environ[WORKERS] = workers
            with serving(home) as address:
                waited_beside(browser, address, f"round {i + 1}, {WORKERS}={workers}")
    del os.environ[WORKERS]


def waited_beside(browser: Browser, address: str, told: str) -> None:
    """How long pages take before, and while, another visitor's study is extracted."""
    page = browser.new_page(viewport=WINDOW)
    page.goto(f"{address}/?study={REAL}")
    page.wait_for_function(shows("Overview"), timeout=LONG)
    turns = ("Transfer", "Recognition") * ROUNDS
    # The first visit of each computes what it shows.
    quiet = [turned(page, name) for name in turns][2:]
    other = browser.new_page(viewport=WINDOW)
    begin_study(other, address)
    busy = [turned(page, name) for name in turns]
    expect(other.get_by_text(EXTRACTING).first).to_be_visible()
    said(f"{told}, nothing computed", quiet)
    said(f"{told}, beside an extraction", busy)
    ratio = statistics.median(busy) / statistics.median(quiet)
    print(f"{told}: {ratio:.2f} times as long", flush=True)
    other.context.close()
    page.context.close()


def begin_study(page: Page, address: str) -> None:
    """Let a model read pairs for minutes."""
    go(page, f"{address}/extract", "Extract")
    choose(page, "Model", "slow")
    page.get_by_text("a file", exact=True).click()
    settle(page)
    file = FilePayload(name="long.csv", mimeType="text/csv", buffer=long_pairs())
    page.locator("input[type=file]").first.set_input_files(file)
    expect(page.get_by_text("contrast pairs chosen.")).to_be_visible(timeout=LONG)
    button(page, "Start").click()
    expect(page.get_by_text(EXTRACTING).first).to_be_visible(timeout=LONG)


def long_pairs() -> bytes:
    """Pairs of one concept in two languages that a model reads for minutes."""
    found = []
    for language in ("en", "fr"):
        for i in range(MANY_PAIRS):
            said = f"{language} {i} " + "the judge was fair and heard both " * 4
            found.append(
                ContrastPair(str(i), "fairness", language, said + "good", said + "bad")
            )
    return to_csv(Corpus("long", tuple(found))).encode()


def turned(page: Page, name: str) -> float:
    """Seconds from a click in the menu to the first figure of that page."""
    link = page.get_by_test_id("stSidebar").get_by_role("link", name=name).first
    took = seconds(page, link.click, shows(name))
    settle(page)
    return took


def filled(home: Path, size: int) -> None:
    """A library of so many small studies, copies of one."""
    before = os.environ["BABELSCOPE_HOME"]
    os.environ["BABELSCOPE_HOME"] = str(home)
    try:
        made = stored("study-1", planted_study(("fairness",), ("en", "fr"), (2, 24, 8)))
        for number in range(2, size + 1):
            shutil.copytree(made, made.parent / f"study-{number}")
    finally:
        os.environ["BABELSCOPE_HOME"] = before


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


PARTS = {
    part.__name__: part
    for part in (opening, many, crowd, beside, playing, stopping, scrubbing)
}

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
