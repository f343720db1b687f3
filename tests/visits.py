"""Visits to pages without a browser: what a page shows, in the order in which it shows it."""

import json
import re
import time
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
from streamlit import config
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from analysis.worker.service import Job
from components.forms import asking, extraction, sweeping
from components.frame import cache as served
from components.frame import small

APP = Path(__file__).parent.parent / "app.py"
PAGES = (
    "app.py",
    *sorted(f"pages/{path.name}" for path in (APP.parent / "pages").glob("*.py")),
)

# Every visit would look for components through all packages, which stay what they are:
# a third of the time of tests of pages.
manifest_scanner.scan_component_manifests = cache(
    manifest_scanner.scan_component_manifests
)


def visit(page: str = "app.py", **query: object) -> AppTest:
    """A page opened by a link with this query; an exception on it fails the test."""
    config.set_option("client.showErrorDetails", "full")
    at = AppTest.from_file(APP, default_timeout=120)
    if page != "app.py":
        at.switch_page(page)
    for key, value in query.items():
        at.query_params[key] = value
    return alive(at.run())


def without_bodies(patch: pytest.MonkeyPatch) -> None:
    """Pages draw their frame only, which is where the links between them are."""
    for path in APP.parent.glob("components/views/*.py"):
        view = import_module(f"components.views.{path.stem}")
        if hasattr(view, "page"):
            patch.setattr(view, "page", lambda *study: None)
    for form, name in ((extraction, "choose_model"), (extraction, "choose_corpus")):
        patch.setattr(form, name, lambda *model: None)
    patch.setattr(asking, "forms", lambda study: None)
    patch.setattr(sweeping, "form", lambda study: None)


def alive(at: AppTest) -> AppTest:
    """The page, which must show no exception."""
    assert not at.exception, "\n".join(
        [at.exception[0].message, *at.exception[0].stack_trace[-3:]]
    )
    return at


def after_jobs(at: AppTest) -> AppTest:
    """The page once more when all jobs have ended, which it looks at meanwhile.

    Answers stop that no page looks at for some seconds, and a worker may take longer to
    begin than that.
    """
    for job in list(served.service().jobs.values()):
        wait_for(job)
    return alive(at.run())


def wait_for(job: Job) -> None:
    """Wait for a job as the page does that shows it: looking at it."""
    for _ in range(120):
        job.seen = time.monotonic()
        if job.finished.wait(1):
            return
    raise AssertionError(f"{job} did not end")


def asked(at: AppTest) -> dict[str, list[str]]:
    """The page's link: key → values."""
    return {
        key: value if isinstance(value, list) else [value]
        for key, value in dict(at.query_params).items()
    }


def figures(at: AppTest) -> dict[str, dict]:
    """Title → Plotly figure with its caption under ``caption``, in the order of the page.

    The caption is what those hear who cannot see the figure. Small pictures have none.
    """
    shown, found = list(at.main), {}
    for i, node in enumerate(shown):
        if node.type == "plotly_chart" and small.KEY not in node.proto.id:
            title = next(
                n.value
                for n in reversed(shown[:i])
                if n.type == "markdown" and n.value.startswith("#####")
            )
            name = plain(title[6:])
            caption = node.proto.alt.removeprefix(f"{name}. ")
            found[name] = json.loads(node.proto.spec) | {"caption": caption}
    return found


def tabs(at: AppTest) -> Iterator[AppTest]:
    """The page once with each of its tabs open, the first one first."""
    yield at
    for label in [tab.label for tab in at.tabs][1:]:
        at.session_state["tabs"] = label
        yield alive(at.run())


def everything(at: AppTest) -> tuple[str, dict[str, dict]]:
    """What a page says and shows with all of its tabs: words, and title → figure."""
    said, shown = [], {}
    for each in tabs(at):
        said.append(words(each))
        here = figures(each)
        said += [figure["caption"] for figure in here.values()]
        shown |= here
    return "\n".join(said), shown


def unfolded(at: AppTest, name: str) -> AppTest:
    """The page with a fold at its foot open."""
    at.session_state[f"fold-{name}"] = True
    return alive(at.run())


def plain(text: str) -> str:
    """Text without the backslashes that keep Markdown away."""
    return re.sub(r"\\(.)", r"\1", text)


def words(at: AppTest) -> str:
    """Everything that the page says in Markdown, alerts and captions."""
    kinds = (
        "markdown",
        "caption",
        "title",
        "subheader",
        "alert",
        "info",
        "warning",
        "error",
        "success",
        "text",
    )
    return "\n".join(
        plain(str(node.value))
        for part in (at.main, at.sidebar)
        for node in part
        if node.type in kinds
    )


def heat_map(figure: dict) -> dict:
    """The cells of a heat map."""
    return next(trace for trace in figure["data"] if trace["type"] == "heatmap")


def ticks(figure: dict) -> list[tuple[str, ...]]:
    """Labels of every axis that has some."""
    axes = [
        axis
        for name, axis in figure["layout"].items()
        if re.fullmatch("[xy]axis2?", name)
    ]
    return [tuple(axis["ticktext"]) for axis in axes if axis.get("ticktext")]


def button(at: AppTest, label: str):
    """The button of this label."""
    return next(button for button in at.button if button.label == label)
