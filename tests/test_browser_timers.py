"""Timers of a page that is being left: alone, and on a slow line in a real browser."""

import os
import subprocess
import sys
import time

import pytest
from playwright.sync_api import expect
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData

from components.frame.late_looks import drop_late_looks, is_late
from tests.browsing import LATE, free_port, healthy
from tests.test_browser import browser, session  # noqa: F401
from tests.visits import APP

FIRST = """
import time

import streamlit as st

from components.frame.late_looks import drop_late_looks

drop_late_looks()
st.title("First")
end = st.session_state.setdefault("end", time.time() + 4)


@st.fragment(run_every=0.5)
def look():
    if time.time() > end:
        st.switch_page("pages/second.py")
    st.text(time.time())


look()
"""
"""A page that looks at something by a timer, and gives way to the second in the end."""
SECOND = """
import time

import streamlit as st

st.title("Second")
time.sleep(1.2)
st.text("all is there")
"""
"""Drawn slowly enough for timers of the first page to go off meanwhile."""
LOOKS_WHILE_LEAVING = 3_000
"""Milliseconds in which the last look of the first page has come and gone."""


def by_timer(page: str) -> RerunData:
    """What a timer of a page asks for."""
    return RerunData(
        page_script_hash=page, fragment_id_queue=["look"], is_auto_rerun=True
    )


@pytest.fixture
def server(tmp_path):
    """A program of two pages, the first of which has a timer."""
    (tmp_path / "pages").mkdir()
    (tmp_path / "app.py").write_text(FIRST)
    (tmp_path / "pages" / "second.py").write_text(SECOND)
    port = free_port()
    options = {
        "server.headless": "true",
        "server.address": "127.0.0.1",
        "server.port": str(port),
        "browser.gatherUsageStats": "false",
    }
    command = [sys.executable, "-m", "streamlit", "run", str(tmp_path / "app.py")]
    for name, value in options.items():
        command += [f"--{name}", value]
    paths = os.environ | {"PYTHONPATH": str(APP.parent)}
    program = subprocess.Popen(command, env=paths)
    try:
        while not healthy(port):
            assert program.poll() is None, "the server ended"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        program.kill()
        program.wait()


@pytest.mark.browser
def test_a_late_look_leaves_the_next_page_as_it_is(server, session):  # noqa: F811
    page = session()
    page.add_init_script(LATE)
    page.goto(server)
    expect(page.get_by_role("heading", name="Second")).to_be_visible()
    page.wait_for_timeout(LOOKS_WHILE_LEAVING)
    expect(page.get_by_role("heading", name="Second")).to_be_visible()
    expect(page.get_by_text("all is there")).to_be_visible()


@pytest.mark.parametrize(
    ("asked", "late"),
    [
        (RerunData(page_script_hash="old"), False),
        (RerunData(page_script_hash="old", is_auto_rerun=True), False),
        (RerunData(page_script_hash="old", fragment_id_queue=["look"]), False),
        (by_timer("old"), True),
        (by_timer("now"), False),
    ],
)
def test_only_looks_of_timers_of_another_page_are_late(asked, late):
    assert is_late(asked, "now") == late


def test_late_looks_are_dropped_once_however_often_that_is_asked_for():
    drop_late_looks()
    once = ScriptRunner._run_script
    drop_late_looks()
    assert ScriptRunner._run_script is once
