"""Servers for browser tests, and what a visitor does on a page: wait, point, choose."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager, suppress

from playwright.sync_api import ConsoleMessage, Error, Page, expect

from tests.visits import APP

LONG = 60_000
"""Milliseconds after which waiting has failed."""
APPLICATION = "[data-testid='stApp']"
AT_REST = "[data-test-script-state='notRunning']"

LATE = """
    const Line = window.WebSocket
    const late = heard => event => setTimeout(() => heard(event), 1500)
    window.WebSocket = class extends Line {
        set onmessage(heard) { super.onmessage = late(heard) }
        addEventListener(kind, heard, ...more) {
            super.addEventListener(kind, kind === 'message' ? late(heard) : heard, ...more)
        }
    }
"""
"""A slow line: the page hears everything late, and its timers go off meanwhile."""


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def serving(home, port=None):
    """A server on a port of this machine, any that is free; gone afterwards."""
    port = port or free_port()
    settings = {
        "BABELSCOPE_HOME": str(home),
        "BABELSCOPE_MODELS": str(home / "models"),
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "babelscope", "app", "--port", str(port)]
    with (home / f"server-{port}.log").open("wb") as log:
        server = subprocess.Popen(
            command, cwd=APP.parent, env=os.environ | settings, stdout=log, stderr=log
        )
        try:
            for _ in range(300):
                if healthy(port):
                    break
                assert server.poll() is None, "the server ended"
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.kill()
            server.wait()


def healthy(port: int) -> bool:
    """Whether the server answers."""
    path = os.environ.get("STREAMLIT_SERVER_BASE_URL_PATH", "")
    base = f"http://127.0.0.1:{port}/{path}".rstrip("/")
    try:
        with urllib.request.urlopen(f"{base}/_stcore/health", timeout=1) as answer:
            return answer.status == 200
    except OSError:
        return False


def foreign(address: str) -> bool:
    """Whether an address is not this machine's."""
    return not re.match(
        r"(https?|wss?)://(127\.0\.0\.1|localhost)[:/]|data:|blob:", address
    )


def complaint(message: ConsoleMessage) -> bool:
    """Whether a console message is an error.

    On a deep link Streamlit looks for its own root by trial, which the browser notes.
    """
    trial = re.search(r"/_stcore/(health|host-config)$", message.location["url"])
    return message.type == "error" and not trial


def settle(page: Page) -> None:
    """Wait for the end of a rerun, which is asked for as soon as a click is heard; one
    that ended before anybody looked costs no more than this moment.
    """
    with suppress(Error):
        page.locator(f"{APPLICATION}:not({AT_REST})").wait_for(timeout=300)
    page.locator(f"{APPLICATION}{AT_REST}").wait_for()


def go(page: Page, address: str, heading: str) -> Page:
    """Open an address and wait until its page is there."""
    page.goto(address)
    expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible(
        timeout=LONG
    )
    settle(page)
    return page


def drawn(page: Page, figure: int = 0) -> None:
    """Wait until a figure's cells are drawn."""
    page.wait_for_function(
        """figure => {
            const plot = document.querySelectorAll('.js-plotly-plot')[figure]
            return plot?._fullLayout?.xaxis2?._length && plot.calcdata?.[0]?.[0]?.z
                && plot.querySelector('.hm image')
        }""",
        arg=figure,
    )


def cell(page: Page, row: int, column: int, figure: int = 0) -> tuple[float, float]:
    """Where a cell of a figure is on the screen.

    An error of the browser where the figure is being drawn anew: it has no place then, and
    a click would meet whatever is in the corner, such as a link to another page.
    """
    plot = page.locator(".js-plotly-plot").nth(figure)
    plot.scroll_into_view_if_needed()
    drawn(page, figure)
    return plot.evaluate(
        """(plot, [row, column]) => {
            const box = plot.getBoundingClientRect(), {xaxis2: x, yaxis2: y} = plot._fullLayout
            if (!plot.isConnected || !box.width) throw new Error("the figure is drawn anew")
            const across = x._offset + x.l2p(column), down = y._offset + y.l2p(row)
            const inside = across > 0 && across < box.width && down > 0 && down < box.height
            if (!inside) throw new Error("the figure is drawn anew")
            const place = [box.left + across, box.top + down]
            const hit = document.elementFromPoint(...place)
            if (!plot.contains(hit)) throw new Error("something else is there")
            return place
        }""",
        [row, column],
    )


def cells(page: Page) -> list:
    """The values of the first figure's cells, as drawn."""
    drawn(page)
    return page.evaluate(
        """() => {
            const plot = document.querySelector('.js-plotly-plot')
            return Array.from(plot.calcdata[0][0].z, row => Array.from(row))
        }"""
    )


def choose(page: Page, label: str, option: str) -> None:
    """Choose in a select box of the page."""
    box = (
        page.get_by_test_id("stMain")
        .get_by_test_id("stSelectbox")
        .filter(has=page.get_by_text(label, exact=True))
    )
    box.locator("input").click()
    page.get_by_role("option", name=option, exact=True).click()
    settle(page)
