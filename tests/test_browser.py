"""Journeys in a real browser against a real server."""

import json
import re
import shutil
from urllib.parse import urlencode
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import FilePayload, Locator, Page, expect, sync_playwright

from analysis.concepts.corpora import to_csv
from analysis.concepts.pairs import ContrastPair, Corpus
from analysis.study import library
from components.frame import style
from components.frame.shell import MENU
from tests.browsing import (
    LONG,
    cell,
    cells,
    choose,
    complaint,
    foreign,
    go,
    serving,
    settle,
)
from tests.planted import Planting, planted_study
from tests.planted_words import planted_vectors, stored_words, word_list
from tests.stored import HOSTILE, stored
from tests.tiny import save
from tests.uploading import PLACES, SHARED

pytestmark = pytest.mark.browser
CHROMIUM = next(
    filter(
        None,
        map(
            shutil.which,
            ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
        ),
    ),
    None,
)
LANGUAGES = ("en", "fr", "zh", "ta")
PAIRS = Corpus(
    "kind words",
    tuple(
        ContrastPair(
            str(i),
            concept,
            language,
            f"{concept} {language} is good {i}",
            f"{concept} {language} is bad {i}",
        )
        for concept in ("kindness", "truth", "fairness")
        for language in LANGUAGES
        for i in range(40)
    ),
)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with a planted study, a hostile one and a tiny model that takes a while."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BABELSCOPE_HOME", str(folder))
        rotated = planted_study(
            ("fairness", "truth"),
            LANGUAGES,
            (4, 24, 16),
            planting=Planting("rotated", peak=3),
        )
        stored("planted", rotated)
        spaces = word_list()
        stored_words("spaces", spaces, planted_vectors(spaces))
        stored("hostile", rotated, title=HOSTILE, spec={"model": {"model": HOSTILE}})
        save(
            folder / "models" / "slow",
            "llama",
            num_hidden_layers=6,
            hidden_size=128,
            intermediate_size=512,
            head_dim=32,
        )
        yield folder


@pytest.fixture(scope="module")
def server(home):
    """One server for the module."""
    with serving(home) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    """One browser for the module."""
    assert CHROMIUM, "the browser tests need Chrome or Chromium on the search path"
    expect.set_options(timeout=LONG / 2)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture
def session(browser):
    """Opens browser sessions; afterwards none has met an error or left this machine."""
    opened, faults = [], []

    def new(**options: object) -> Page:
        context = browser.new_context(
            viewport={"width": 1400, "height": 2400}, **options
        )
        opened.append(context)
        page = context.new_page()
        page.set_default_timeout(LONG)
        page.on(
            "console",
            lambda message: faults.append(message.text) if complaint(message) else None,
        )
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "request",
            lambda request: (
                faults.append(request.url) if foreign(request.url) else None
            ),
        )
        return page

    yield new
    for context in opened:
        context.close()
    assert not faults


def test_the_overview_shows_published_results(server, session):
    page = go(session(), f"{server}/?study=llama2-chat-7b", "Overview")
    expect(page.get_by_text("Published numbers, not computed here.")).to_be_visible()
    expect(page.get_by_role("heading", name="training text carry over")).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    page.get_by_test_id("stPopoverButton").nth(1).click()
    expect(page.get_by_text("Figure 4 of the paper")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_test_id("stSidebar").get_by_role("link", name="Transfer").click()
    expect(page.get_by_role("heading", name="Transfer", exact=True)).to_be_visible()
    assert "transfer" in page.url


def selectors(*sheets: str) -> list[str]:
    """What rules are about."""
    found = []
    for rule in re.findall(r"([^{}]+){[^}]*}", " ".join(sheets)):
        about = re.sub("::after|::before", "", rule)
        found += re.split(r", (?![^(]*\))", about)
    return [" ".join(selector.split()) for selector in found]


def without(page: Page, wanted: list[str]) -> list[str]:
    """Those selectors that find nothing on a page."""
    return page.evaluate(
        "wanted => wanted.filter(one => !document.querySelector(one))", wanted
    )


def test_the_band_can_be_used_and_the_look_chosen(server, session):
    page = go(session(), f"{server}/recognition?study=planted", "Recognition")
    page.get_by_role("combobox", name="Study").click()
    expect(page.get_by_role("option").first).to_be_visible()
    assert not without(page, selectors(style.LISTS))
    page.keyboard.press("Escape")
    heading = page.locator("h1").bounding_box()
    assert heading["y"] < 40, "nothing empty stands above the title"
    page.get_by_role("button", name="Main menu").click()
    page.get_by_test_id("stMainMenuItem-theme-Dark").click()
    page.wait_for_function(
        "getComputedStyle(document.querySelector('.stApp')).backgroundColor "
        "== 'rgb(19, 24, 27)'"
    )
    page.keyboard.press("Escape")
    page.get_by_role("button", name="View ·").click()
    expect(page.get_by_text("Order of languages")).to_be_visible()


def test_a_page_at_work_says_so_and_leaves_the_tools_free(server, session):
    page = session()
    # Written down as it appears, since it may be gone a moment later.
    page.add_init_script(
        """new MutationObserver(() => {
            const mark = document.querySelector('[data-testid=stStatusWidget]')
            if (mark) window.markedAt = mark.getBoundingClientRect().y
        }).observe(document, {childList: true, subtree: true})"""
    )
    # A page that is quick shows none: one of these takes its time.
    for each in ("alignment", "similarity", "transfer", "layers", "overview"):
        for study in ("spaces", "demo", "gemma-3-270m"):
            page.goto(f"{server}/{each}?study={study}")
            settle(page)
            height = page.evaluate("window.markedAt")
            if height is not None:
                assert height > 2000, "in the corner, 2,400 pixels down"
                return
    raise AssertionError("no page was at work for long enough to say so")


def test_no_script_shows_boxes_and_no_page_scrolls_sideways(server, session):
    link = f"{server}/transfer?study=planted&labels=own+name"
    page = session()
    page.set_viewport_size({"width": 420, "height": 900})
    go(page, link, "Transfer")
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    page.wait_for_function(
        "['U+B82-BFA', 'U+3000-318E'].every(range => [...document.fonts].some(face =>"
        " face.status == 'loaded' && face.unicodeRange.startsWith(range)))"
    )
    assert page.evaluate("document.documentElement.scrollWidth") == 420
    box = page.locator(".st-key-band").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 420


def test_the_link_is_copied_as_it_is(server, session):
    page = session(permissions=["clipboard-read", "clipboard-write"])
    go(page, f"{server}/similarity?study=planted", "Similarity")
    page.get_by_role("button", name="Copy link to this view").click()
    expect(page.get_by_text("Copied", exact=True)).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.url


def test_a_deep_link_is_restored_as_the_first_request_to_a_server(home, session):
    with serving(home) as address:
        link = f"{address}/transfer?study=planted&order=name&labels=English+name&source=ta&target=zh&concepts=truth"  # noqa: E501
        page = go(session(), link, "Transfer")
        expect(page.get_by_text("Tamil → Chinese over layers")).to_be_visible()
        expect(
            page.get_by_test_id("stSidebar").get_by_role("link", name="Studies")
        ).to_be_visible()
        assert set(re.split("[?&]", link)[1:]) == set(re.split("[?&]", page.url)[1:])
        page.context.close()


def test_a_click_on_a_cell_chooses_it(server, session):
    page = go(session(), f"{server}/transfer?study=planted", "Transfer")
    cell(page, 0, 0)
    labels = page.evaluate(
        "document.querySelector('.js-plotly-plot')._fullLayout.yaxis2.ticktext"
    )
    for row, column in ((2, 3), (1, 2)):
        page.mouse.click(*cell(page, row, column))
        expect(
            page.get_by_text(f"{labels[row]} → {labels[column]} over layers")
        ).to_be_visible()
        expected = {"source": labels[row], "target": labels[column]}
        page.wait_for_function(
            "wanted => Object.entries(wanted).every(([key, value]) => new "
            "URL(location).searchParams.get(key) == value)",
            arg=expected,
        )


def test_a_click_on_a_pair_of_languages_shows_its_words(server, session):
    link = f"{server}/alignment?study=spaces&tab=pairs"
    page = go(session(), link, "Alignment")
    expect(page.get_by_text("Words found in English at the first try")).to_be_visible()
    pairs = 1  # the matrix stands below the answer's figure
    page.locator(".js-plotly-plot").nth(pairs).wait_for()
    page.mouse.click(*cell(page, 1, 2, pairs))
    page.wait_for_function(
        "new URL(location).searchParams.get('from') == 'fr' && new "
        "URL(location).searchParams.get('into') == 'zh'"
    )
    expect(
        page.get_by_text("rank of the right answer 1", exact=False).first
    ).to_be_visible()


def test_the_layer_ruler_moves_cells_without_a_rerun(server, session):
    page = go(session(), f"{server}/similarity?study=planted&layer=1", "Similarity")
    before, bounds = (
        cells(page),
        page.evaluate(
            "document.querySelector('.js-plotly-plot')._fullLayout.xaxis2.range"
        ),
    )
    page.evaluate(
        """() => {
            window.states = []
            const app = document.querySelector("[data-testid='stApp']")
            new MutationObserver(() => window.states.push(app.dataset.testScriptState)).observe(app, {attributes: true})
        }"""  # noqa: E501
    )
    rail = page.locator(".js-plotly-plot .slider-rail-touch-rect").first.bounding_box()
    page.mouse.click(rail["x"] + rail["width"] - 2, rail["y"] + rail["height"] / 2)
    expect(page.locator(".js-plotly-plot .slider-label").first).to_contain_text("4")
    page.wait_for_function(
        "old => "
        "JSON.stringify(Array.from(document.querySelector('.js-plotly-plot').calcdata[0][0].z, "
        "r => Array.from(r))) != old",
        arg=json.dumps(before, separators=(",", ":")),
    )
    assert not np.allclose(np.array(cells(page), float), np.array(before, float))
    assert (
        page.evaluate(
            "document.querySelector('.js-plotly-plot')._fullLayout.xaxis2.range"
        )
        == bounds
    )
    assert "running" not in page.evaluate("window.states") and "layer=1" in page.url


NO_DRAWINGS = {"exclude": [[".js-plotly-plot svg"]]}
"""Who reads by ear has a figure's alt and table; its colours have tests of their own."""
KNOWN = {
    # A label is as pale as the field that it names, which nobody can use now.
    "color-contrast": "[data-testid='stMultiSelect']:has(input:disabled) label",
}
"""Rule → where its faults are Streamlit's own, and why they stay."""


def faults(page: Page) -> list[str]:
    """What axe-core calls serious or critical on a page, but for what is KNOWN."""
    found = []
    for rule in Axe().run(page, context=NO_DRAWINGS).response["violations"]:
        if rule["impact"] not in ("serious", "critical"):
            continue
        for node in rule["nodes"]:
            selector = node["target"][0]
            known = KNOWN.get(rule["id"], "none")
            element = page.locator(selector).first
            if not element.evaluate("(here, known) => here.closest(known)", known):
                found.append(f"{rule['id']}: {selector}: {node['failureSummary']}")
    return found


def test_keys_turn_the_pages_none_of_which_shuts_anybody_out(server, session):
    page = go(session(color_scheme="dark"), f"{server}/?study=demo", MENU[0].title)
    # Lists are open and a page runs in tests above; texts of one's own are not here.
    elsewhere = {style.LISTS, style.TEXTS, style.RUNNING}
    shown = {*style.RULES, *style.RULES_WHERE_WIDE, *style.RULES_ON_PHONES}
    shown -= elsewhere
    rules = selectors(*shown)
    for entry in MENU:
        heading = page.get_by_role("heading", name=entry.title, exact=True)
        expect(heading).to_be_visible(timeout=LONG)
        settle(page)
        rules = without(page, rules)
        assert "study=demo" in page.url, "the address goes along"
        assert not faults(page), entry.title
        page.keyboard.press("n")
    assert not rules, "every rule of the look is about something"
    page.keyboard.press("?")
    expect(page.get_by_text("Next page of the menu")).to_be_visible()
    assert not faults(page), "the sheet of keys"


def test_a_button_opens_a_study_that_can_fill_the_page(server, session):
    page = go(session(), f"{server}/layers?study=planted", "Layers")
    assert not faults(page)
    page.get_by_role("button", name="Open with").click()
    expect(page.get_by_text("Here you would see")).not_to_be_visible()
    settle(page)
    assert "study=planted" not in page.url
    before = page.url
    page.keyboard.press("+")
    page.wait_for_function("before => location.href != before", arg=before)
    deeper = page.url
    page.get_by_test_id("stSidebar").get_by_role("link", name="Layers").click()
    settle(page)
    assert page.url == deeper, "a link from a page to itself leaves out what stays"
    page.get_by_test_id("stSidebar").get_by_role("link", name="Similarity").click()
    expect(page.get_by_role("heading", name="Similarity", exact=True)).to_be_visible()
    page.get_by_test_id("stSidebar").get_by_role("link", name="Layers").click()
    page.wait_for_function("deeper => location.href == deeper", arg=deeper)


def test_dark_mode_has_a_dark_page_and_light_letters(server, session):
    shades = {}
    for scheme in ("light", "dark"):
        page = go(
            session(color_scheme=scheme), f"{server}/transfer?study=planted", "Transfer"
        )
        expect(page.locator(".js-plotly-plot").first).to_be_visible()
        ground = page.get_by_test_id("stApp").evaluate(
            "app => getComputedStyle(app).backgroundColor"
        )
        ink = page.wait_for_function(
            """() => {
                const text = document.querySelector('.js-plotly-plot .x2title')
                return text && getComputedStyle(text).fill
            }"""
        ).json_value()
        shades[scheme] = [
            np.mean([int(n) for n in re.findall(r"\d+", colour)[:3]])
            for colour in (ground, ink)
        ]
    assert shades["light"][0] > 200 > 100 > shades["light"][1]
    assert shades["dark"][0] < 60 < 180 < shades["dark"][1]


def test_hostile_names_are_shown_as_they_are_and_fetch_nothing(server, session):
    page = session()
    for path, heading in (
        ("", "Overview"),
        ("recognition", "Recognition"),
        ("studies", "Studies"),
    ):
        go(page, f"{server}/{path}?study=hostile", heading)
        expect(
            page.get_by_test_id("stSidebar").get_by_role("combobox", name="Study")
        ).to_have_value(f"Yours · {HOSTILE}")
        assert not page.locator("img[src*='evil']").count()
        links = page.locator("a[href^='http://evil']").evaluate_all(
            "found => found.map(a => [a.textContent, a.href])"
        )
        assert all(
            text.rstrip("/") == address.rstrip("/") for text, address in links
        ), "a link goes where it says"


OVERLAPS = """() => {
  const found = [];
  for (const plot of document.querySelectorAll('.js-plotly-plot')) {
    const shown = [];
    for (const text of plot.querySelectorAll('svg.main-svg text')) {
      const box = text.getBoundingClientRect();
      const unseen = getComputedStyle(text).display === 'none' || box.width < 1;
      if (text.textContent.trim() && !unseen) shown.push([text.textContent, box]);
    }
    shown.forEach(([one, a], place) => shown.slice(place + 1).forEach(([other, b]) => {
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const tall = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (wide > 2 && tall > 3) found.push(`${one} over ${other}`);
    }));
  }
  return found;
}"""
"""Texts of charts that lie over one another, by their boxes."""
FITTING = ("Recognition", "Similarity", "Transfer")
TALLEST = 2400
MAIN = "document.querySelector('[data-testid=stMain]')"
BLOCK = "document.querySelector('[data-testid=stMainBlockContainer]')"


def test_pages_fit_their_screens_and_no_text_of_a_chart_covers_another(server, session):
    page = session()
    for title in FITTING:
        page.set_viewport_size({"width": 1400, "height": TALLEST})
        go(page, f"{server}/{title.lower()}?study=planted", title)
        page.locator(".js-plotly-plot .main-svg").first.wait_for()
        settle(page)
        assert page.evaluate(OVERLAPS) == [], title
        assert page.evaluate(f"{BLOCK}.scrollHeight") <= TALLEST, title
        page.set_viewport_size({"width": 420, "height": 900})
        settle(page)
        assert page.evaluate(f"{MAIN}.scrollWidth - {MAIN}.clientWidth") <= 0, title


def test_csv_download(server, session, home):
    page = go(session(), f"{server}/transfer?study=planted", "Transfer")
    page.get_by_role("button", name="Table and data").first.click()
    with page.expect_download() as caught:
        page.get_by_role("button", name="CSV", exact=True).click()
    table = pd.read_csv(caught.value.path())
    assert (
        caught.value.suggested_filename == "transfer-planted.csv"
        and len(table) == len(LANGUAGES) ** 2
    )
    assert {"source", "target", "transfer", "low", "high", "n"} <= set(table)
    assert (
        table.loc[table["source"] == table["target"], "transfer"].abs() < 1e-9
    ).all()


def begin_extraction(page: Page, server: str, title: str) -> None:
    """Upload the pairs, choose the slow tiny model, name the study, start."""
    go(page, f"{server}/extract", "Extract")
    choose(page, "Model", "slow")
    page.get_by_text("a file", exact=True).click()
    expect(page.get_by_text("A table with pair, concept, language")).to_be_visible()
    settle(page)
    page.locator("input[type=file]").first.set_input_files(
        {
            "name": "kind words.csv",
            "mimeType": "text/csv",
            "buffer": to_csv(PAIRS).encode(),
        }
    )
    expect(page.get_by_text("480 contrast pairs chosen.")).to_be_visible(timeout=LONG)
    page.get_by_label("Title of the study").fill(title)
    page.get_by_label("Title of the study").press("Enter")
    settle(page)
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text(re.compile(r"[1-9]\d* of 24"))).to_be_visible(timeout=LONG)


def anew(title: str) -> str:
    """A title that no attempt before has used: the same study would be there already."""
    return f"{title} {uuid4().hex[:6]}"


def name_of(title: str) -> str:
    """The name of the one study of a title."""
    begin = title.replace(" ", "-")
    (name,) = (name for name in library.names() if name.startswith(begin))
    return name


def test_extraction_stops_and_goes_on_from_the_studies_page(server, session, home):
    page = session()
    title = anew("stopped study")
    begin_extraction(page, server, title)
    page.get_by_role("button", name="Stop").last.click()
    expect(page.get_by_text("Everything finished so far is kept")).to_be_visible(
        timeout=20_000
    )
    expect(page.get_by_role("button", name="Start")).to_be_enabled()
    name = name_of(title)
    missing = len(library.open_by_name(name).missing)
    assert 0 < missing < 24
    go(page, f"{server}/studies?study={name}", "Studies")
    page.get_by_role("tab", name="What can I do with the open one?").click()
    told = re.compile(rf"{missing} cells? (is|are) missing\.")
    expect(page.get_by_text(told)).to_be_visible()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text(re.compile("done in"))).to_be_visible(timeout=2 * LONG)
    assert library.open_by_name(name).complete


def test_one_session_extracts_while_another_looks(server, session, home):
    working, looking = session(), session()
    title = anew("quiet study")
    begin_extraction(working, server, title)
    go(looking, f"{server}/similarity?study=planted&layer=2", "Similarity")
    truth = library.open_by_name("planted").array("concept_vector").sel(layer=2).values
    unit = truth / np.linalg.norm(truth, axis=-1, keepdims=True)
    cosines = np.einsum("cah,cbh->ab", unit, unit) / len(unit)
    shown = np.array(cells(looking), float)
    assert np.allclose(np.sort(shown.ravel()), np.sort(cosines.ravel()), atol=1e-3)
    go(looking, f"{server}/extract", "Extract")
    assert (
        not looking.get_by_role("progressbar").count()
        and looking.get_by_role("button", name="Start").is_enabled()
    )
    opened = working.get_by_role("heading", name="Overview", level=1)
    expect(opened).to_be_visible(timeout=2 * LONG)
    name = name_of(title)
    assert library.open_by_name(name).complete
    main = working.get_by_test_id("stMain")
    main.get_by_role("link", name="Similarity").first.click()
    there = working.get_by_role("heading", name="Similarity", level=1)
    expect(there).to_be_visible(timeout=LONG)
    assert f"study={name}" in working.url


def by_page() -> dict[str, list[str]]:
    """The uploaders that stand on one page: its address → their keys."""
    found: dict[str, list[str]] = {}
    for key, place in PLACES.items():
        name = place.page.removeprefix("pages/").removesuffix(".py")
        part = f"#{key}" if place.alone else ""
        address = f"{name}?{urlencode(place.query)}{part}"
        found.setdefault(address, []).append(key)
    return found


UPLOADERS = by_page()


def at_uploaders(page: Page, address: str, keys: list[str]) -> Page:
    """A page whose uploaders are there."""
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=LONG)
    settle(page)
    for place in map(PLACES.__getitem__, keys):
        if place.fold:
            page.locator(f".st-key-fold-{place.fold} summary").click()
        if place.popover:
            page.get_by_role("button", name=place.popover).click()
        for kind, choice, value in place.before:
            box = page.locator(f".st-key-{choice}")
            if kind == "selectbox":
                box.locator("input").click()
                page.get_by_role("option", name=value, exact=True).click()
            else:
                box.get_by_text(value, exact=True).click()
    for key in keys:
        expect(uploader(page, key)).to_be_attached(timeout=LONG)
    settle(page)
    return page


def uploader(page: Page, key: str) -> Locator:
    """The field that takes files."""
    return page.locator(f".st-key-{key} input[type=file]")


def seen(page: Page) -> list[str]:
    """What a visitor reads, and what is in the fields, once that stays as it is."""
    found = read(page)
    while True:
        page.wait_for_timeout(500)
        again = read(page)
        if again == found:
            return found
        found = again


def read(page: Page) -> list[str]:
    """The same at this moment."""
    return page.evaluate(
        """() => {
            const main = document.querySelector('[data-testid=stMain]')
            const fields = Array.from(main.querySelectorAll('input'), one => one.value)
            return [main.innerText, ...fields]
        }"""
    )


@pytest.mark.parametrize("address", UPLOADERS)
def test_two_visitors_and_every_uploader(server, session, address):
    """What one uploads, the other never sees; the list of studies is for all."""
    keys = UPLOADERS[address]
    working = at_uploaders(session(), f"{server}/{address}", keys)
    looking = at_uploaders(session(), f"{server}/{address}", keys)
    before = seen(looking)
    for key in keys:
        name, content = PLACES[key].name, PLACES[key].content()
        file = FilePayload(name=name, mimeType="", buffer=content)
        uploader(working, key).set_input_files(file)
        taken = working.locator(f".st-key-{key}").get_by_text(name, exact=True)
        expect(taken).to_be_attached(timeout=LONG)
        settle(working)
    looking.evaluate("document.activeElement.blur()")
    looking.keyboard.press("r")
    settle(looking)
    after = seen(looking)
    assert after[1:] == before[1:]
    if not SHARED.intersection(keys):
        assert after == before
