"""A login from end to end: a provider that signs who somebody is, and who then comes in."""

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from analysis.core import settings
from tests.browsing import LONG, free_port, serving
from tests.test_browser import CHROMIUM

pytest.importorskip("authlib", reason="needs the login's own packages: streamlit[auth]")
from tests.provider import CLIENT, SECRET, providing

pytestmark = pytest.mark.browser
JANE = {"email": "jane@example.org", "email_verified": True, "name": "Jane"}


@pytest.fixture(scope="module")
def provider():
    with providing() as found:
        yield found


@pytest.fixture(scope="module")
def server(tmp_path_factory, provider):
    """A server below a path, with a login, as docs/serving.md sets it up."""
    home = tmp_path_factory.mktemp("home")
    port = free_port()
    secrets = home / ".streamlit" / "secrets.toml"
    secrets.parent.mkdir()
    secrets.write_text(
        "[auth]\n"
        f'redirect_uri = "http://127.0.0.1:{port}/lab/oauth2callback"\n'
        'cookie_secret = "a long random text"\n'
        f'client_id = "{CLIENT}"\n'
        f'client_secret = "{SECRET}"\n'
        f'server_metadata_url = "{provider.url}/.well-known/openid-configuration"\n'
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv(settings.LOGIN, "jane@example.org, @uni.example")
        patch.setenv("STREAMLIT_SERVER_BASE_URL_PATH", "lab")
        with serving(home, port) as address:
            yield f"{address}/lab/"


@pytest.fixture
def page(server):
    """A visitor whom nobody knows."""
    assert CHROMIUM, "the browser tests need Chrome or Chromium on the search path"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        page = browser.new_page()
        page.set_default_timeout(LONG)
        page.goto(server)
        yield page
        browser.close()


def log_in(page: Page) -> None:
    """Go to the provider and come back from it."""
    page.get_by_role("button", name="Log in", exact=True).click()


def is_shown(page: Page) -> None:
    """Wait until a study is on the page."""
    expect(page.get_by_role("heading", name="Overview", exact=True)).to_be_visible(
        timeout=LONG
    )


def is_refused(page: Page, address: str) -> None:
    """Wait until somebody is told that they may not come in; no study is there."""
    said = f"You are logged in as {address}, whom this Babelscope does not let in."
    expect(page.get_by_text(said)).to_be_visible(timeout=LONG)
    expect(page.get_by_role("heading", name="Overview")).to_have_count(0)


def test_whoever_is_on_the_list_comes_in_and_leaves_again(page, provider):
    provider.user = JANE
    expect(page.get_by_role("heading", name="Overview")).to_have_count(0)
    log_in(page)
    is_shown(page)
    page.reload()
    is_shown(page)
    page.get_by_role("button", name="Log out", exact=True).click()
    expect(page.get_by_role("button", name="Log in", exact=True)).to_be_visible(
        timeout=LONG
    )
    assert not provider.given, "every code was exchanged"


@pytest.mark.parametrize(
    "user",
    [
        {"email": "jane@example.com", "email_verified": True},
        {"email": "joe@evil-uni.example", "email_verified": True},
        {"email": "jane@example.org", "email_verified": False},
    ],
    ids=["another address", "another domain", "unverified"],
)
def test_whoever_is_not_on_the_list_stays_outside(page, provider, user):
    provider.user = user
    log_in(page)
    is_refused(page, user["email"])
    provider.user = JANE
    page.get_by_role("button", name="Log out", exact=True).click()
    log_in(page)
    is_shown(page)
