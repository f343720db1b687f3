"""A cluster computes a study that a page began, while two other visitors steer."""

import json
import re
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import FilePayload, Page, expect

from analysis.concepts.corpora import to_csv
from analysis.concepts.pairs import ContrastPair, Corpus
from analysis.study import library, store
from analysis.study.claims import FOLDER, Claims
from tests.browsing import LONG, choose, go, serving, settle
from tests.planted import planted_study
from tests.stored import stored
from tests.test_browser import anew, browser, session  # noqa: F401
from tests.tiny import HIDDEN, LAYERS, save

pytestmark = pytest.mark.browser
CONCEPTS = (
    *("care", "courage", "fairness", "grace", "honesty", "humour"),
    *("kindness", "loyalty", "patience", "respect", "truth", "wisdom"),
)
LANGUAGES = ("en", "fr")
CELLS = 2 * len(CONCEPTS) * len(LANGUAGES)
"""Vectors and scores."""
CLUSTERS = """
[two]
kind = "local"
workers = 2
"""
"""Two processes of this machine."""


def pairs() -> Corpus:
    """Contrast pairs that are quick to read."""
    found = []
    for concept in CONCEPTS:
        for language in LANGUAGES:
            for i in range(8):
                said = f"{concept} {language} {i}"
                pair = ContrastPair(
                    str(i), concept, language, f"{said} good", f"{said} bad"
                )
                found.append(pair)
    return Corpus("short words", tuple(found))


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with a tiny model, a study that can be steered, and named clusters."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BABELSCOPE_HOME", str(folder))
        study = planted_study(("fairness", "truth"), LANGUAGES, (LAYERS, 24, HIDDEN))
        model = {"model": {"model": "tiny", "device": "cpu"}}
        stored("steered", study, title="Steered", spec=model)
        save(folder / "models" / "tiny", "llama")
        (folder / "clusters.toml").write_text(CLUSTERS)
        yield folder


@pytest.fixture(scope="module")
def server(home):
    """One server for the module."""
    with serving(home) as address:
        yield address


def fill(page: Page, server: str, title: str, place: str) -> None:
    """Upload the pairs, name the study, and choose where it is computed."""
    go(page, f"{server}/extract", "Extract")
    choose(page, "Model", "tiny")
    page.get_by_text("a file", exact=True).click()
    settle(page)
    written = to_csv(pairs()).encode()
    file = FilePayload(name="short.csv", mimeType="text/csv", buffer=written)
    page.locator("input[type=file]").first.set_input_files(file)
    told = page.get_by_text(f"{len(pairs().pairs)} contrast pairs chosen.")
    expect(told).to_be_visible(timeout=LONG)
    page.get_by_label("Title of the study").fill(title)
    page.get_by_label("Title of the study").press("Enter")
    settle(page)
    choose(page, "Where", place)


def start(page: Page) -> None:
    """Begin what is filled in."""
    page.get_by_role("button", name="Start").click()


def steering(page: Page, server: str, strength: float) -> Page:
    """The Playground of a visitor, who has asked for answers."""
    settings = {"template": "none", "prompt": "the judge", "tokens": 6}
    play = quote(json.dumps(settings | {"strength": strength}))
    go(page, f"{server}/playground?study=steered&play={play}", "Playground")
    page.get_by_role("button", name=re.compile("^Run")).click()
    return page


def expect_answers(page: Page) -> None:
    """Wait until all answers are there."""
    told = page.get_by_text("Strength 0 equals the baseline in this batch")
    expect(told).to_be_visible(timeout=LONG)


def shared(title: str) -> Path:
    """The folder of a study, as soon as several processes compute it."""
    until = time.monotonic() + LONG / 1000
    while time.monotonic() < until:
        for folder in store.root().glob(f"{title.replace(' ', '-')}*"):
            if (folder / FOLDER).is_dir():
                return folder
        time.sleep(0.005)
    raise AssertionError(f"nobody has begun {title}")


def hold(claims: Claims) -> None:
    """Take a concept that no worker has begun: all who take part then wait for it."""
    for place in reversed(range(len(CONCEPTS))):
        if claims.take(f"concept-{place:03d}"):
            return
    raise AssertionError("the cluster was quicker")


def test_two_visitors_steer_while_a_cluster_computes_a_study(server, home, session):  # noqa: F811
    page = session()
    title = anew("on two")
    fill(page, server, title, "two")
    start(page)
    folder = shared(title)
    # However quick the cluster is, one concept waits until both have their answers.
    with Claims(folder) as ours:
        hold(ours)
        visitors = [steering(session(), server, strength) for strength in (40.0, -40.0)]
        for visitor in visitors:
            expect_answers(visitor)
        told = page.get_by_text(re.compile(rf"on 2 workers · \d+ of {CELLS}"))
        expect(told).to_be_visible()
        assert library.open_by_name(folder.name).missing
    opened = page.get_by_role("heading", name="Overview", level=1)
    expect(opened).to_be_visible(timeout=2 * LONG)
    assert library.open_by_name(folder.name).complete
