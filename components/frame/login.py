"""Who may come in by name: Streamlit's own login, and the list of who is let in.

Off unless BABELSCOPE_LOGIN is set. Who somebody is tells an OpenID provider, which
``.streamlit/secrets.toml`` names.
"""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from analysis.core import settings
from analysis.core.settings import EVERYONE, LOGIN
from components.frame.text import escape


def check() -> None:
    """Let the page go on for whoever may see it; anybody else is asked or refused."""
    allowed = settings.login()
    if not allowed:
        return
    user = st.user.to_dict()
    if not user.get("is_logged_in"):
        ask()
        st.stop()
    if not may_enter(user, allowed):
        refuse(user)
        st.stop()
    name = str(user.get("email") or user.get("name") or "")
    st.sidebar.button(
        "Log out", help=escape(name), on_click=st.logout, icon=":material/logout:"
    )


def may_enter(user: Mapping[str, Any], allowed: tuple[str, ...]) -> bool:
    """Whether a list of addresses, of “@domain”s or “everyone” has a user.

    An address that its provider calls unverified is nobody's.
    """
    if EVERYONE in allowed:
        return True
    address = user.get("email")
    if not isinstance(address, str) or user.get("email_verified") is False:
        return False
    address = address.casefold()
    _, at, domain = address.rpartition("@")
    return bool(at) and (address in allowed or f"@{domain}" in allowed)


def ask() -> None:
    """A button to the provider, or what is missing for there to be one."""
    st.title("Babelscope", anchor=False)
    if not is_set_up():
        st.error(
            f"{LOGIN} is set, but .streamlit/secrets.toml has no [auth] section, so "
            "nobody can log in. Who runs this server adds it; docs/serving.md says how.",
            icon=":material/error:",
        )
        return
    st.write("This Babelscope is for people whom its operator has let in.")
    st.button("Log in", on_click=st.login, type="primary", icon=":material/login:")


def is_set_up() -> bool:
    """Whether a provider is named: only then the user's state is known."""
    return "is_logged_in" in st.user.to_dict()


def refuse(user: Mapping[str, Any]) -> None:
    """Say to somebody who is logged in that the list does not have them."""
    name = str(user.get("email") or user.get("name") or "no address")
    st.error(
        f"You are logged in as {escape(name)}, whom this Babelscope does not let in. Ask "
        f"who runs it to add you to {LOGIN}, or log in as somebody else.",
        icon=":material/block:",
    )
    st.button("Log out", on_click=st.logout, icon=":material/logout:")
