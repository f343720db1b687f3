"""Who comes in by name: nobody is asked by default, and a list lets in whom it has."""

import pytest

from analysis.core import settings
from analysis.core.errors import SpecError
from components.frame.login import may_enter
from tests.visits import visit, words

LISTED = ("jane@example.org", "@uni.example")


@pytest.mark.parametrize(
    ("user", "enters"),
    [
        ({"email": "jane@example.org"}, True),
        ({"email": "Jane@Example.org", "email_verified": True}, True),
        ({"email": "jane@example.org", "email_verified": False}, False),
        ({"email": "joe@example.org"}, False),
        ({"email": "joe@uni.example"}, True),
        ({"email": "joe@evil-uni.example"}, False),
        ({"email": "joe@uni.example.evil"}, False),
        ({"email": "uni.example"}, False),
        ({"name": "jane@example.org"}, False),
        ({"email": None}, False),
    ],
)
def test_a_list_has_addresses_and_whole_domains(user, enters):
    assert may_enter(user, LISTED) is enters
    assert may_enter(user, (settings.EVERYONE,))


@pytest.mark.parametrize(
    "given", ["jane", "jane@", "*@example.org", "a b@c", "@", "<x@y.z>", "@localhost"]
)
def test_what_names_nobody_is_refused(monkeypatch, given):
    monkeypatch.setenv(settings.LOGIN, given)
    with pytest.raises(SpecError, match="It takes addresses"):
        settings.login()


def test_a_setting_is_a_list_without_repetition(monkeypatch):
    monkeypatch.setenv(
        settings.LOGIN, "Jane@Example.org, @uni.example jane@example.org"
    )
    assert settings.login() == LISTED
    monkeypatch.setenv(settings.LOGIN, "")
    assert settings.login() == ()


def test_whoever_is_not_logged_in_sees_nothing_of_a_study(home, monkeypatch):
    monkeypatch.setenv(settings.LOGIN, "@example.org")
    at = visit("pages/transfer.py", study="demo")
    said = words(at)
    assert "no [auth] section" in said and not at.get("plotly_chart")
    assert "Transfer" not in said and not at.selectbox
    monkeypatch.setenv(settings.LOGIN, "")
    assert visit("pages/transfer.py", study="demo").get("plotly_chart")
