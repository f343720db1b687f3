"""The look that Streamlit's own theme does not give: mark, band, menu, small numbers.

Plotly makes numbers of a heat map as small as their cells ask for; how wide a figure is
only the browser knows. Every selector is looked up in a browser by a test.
"""

import streamlit as st
from streamlit import config

from components.frame import typefaces

ABOUT = "Babelscope: one concept from every language."
LIGHT_BRAND, DARK_BRAND = "#0B6E75", "#5CC8CF"
"""Of the light and of the dark theme, as in ``.streamlit/config.toml``."""
DARK_GROUND = "#13181B"
SMALLEST = 8
"""Pixels: a number that is smaller is not shown."""
NO_ROOM = (
    "The numbers have no room here. Point at a cell or tap it to read its number, or open "
    "the table above."
)
WIDE = "@media (min-width: 768px)"
"""From here on Streamlit's menu stands beside the band instead of above it."""
PHONE = "@media (max-width: 560px)"
BAND = """
.st-key-band { border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent);
  padding-bottom: 0.75rem; }
.st-key-band-words { column-gap: 0.75rem; row-gap: 0.25rem; }
.st-key-band h1 { padding: 0; }
"""
HEADER = """
.stAppHeader { background: transparent; }
.stAppHeader, .stAppHeader div { pointer-events: none; }
.stAppHeader :is(button, a) { pointer-events: auto; }
.stMainBlockContainer { padding: 1rem 3.5rem 3rem; }
"""
MENU = """
.stLogo { height: 2rem; }
.stApp :has(> .stLogo) { display: flex; align-items: center; gap: 0.6rem; }
.stApp :has(> .stLogo)::after { content: "Babelscope"; font-weight: 700;
  font-size: 1.125rem; }
.st-key-menu .stElementContainer:has(.stPageLink) { margin-block: -0.125rem; }
.st-key-menu [data-testid="stCaptionContainer"] { padding-top: 0.75rem; }
"""
LISTS = """
[data-testid="stSelectboxVirtualDropdown"] { width: max-content !important;
  min-width: var(--trigger-width); max-width: min(32rem, 90vw); }
[data-testid="stSelectboxVirtualDropdown"] [role="option"] > div { white-space: normal;
  height: auto; }
.stSelectbox input { text-overflow: ellipsis; }
"""
"""Lists are as wide as what they offer, since a name that is cut cannot be told apart; a
closed list shows where it cuts one."""
TOOLS = """
[class*="st-key-card-"] h5 { padding: 0; }
[class*="st-key-card-"] [data-testid="stMarkdownContainer"]:has(h5) { margin: 0; }
[class*="st-key-tools-"] button { min-height: 2rem; padding: 0.25rem; }
[class*="st-key-tools-"] button [data-testid="stMarkdownContainer"] { position: absolute;
  width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
[class*="st-key-tools-"] button div[aria-hidden="true"] { display: none; }
"""
"""Tools beside a figure's title show icons; who reads by ear hears their names."""

TEXTS = """
.stTextArea textarea, .stSelectbox input, .stCode code { unicode-bidi: plaintext;
  text-align: start; }
"""
"""A text that somebody wrote is set in the direction of its own first letter."""
ANSWERS = """
.st-key-play-answers { position: sticky; top: 1rem; }
"""
"""Answers stay in sight beside controls that are longer than they are."""
FILLED = """
button[kind="primary"]:not(:disabled), button[kind="primary"]:not(:disabled) kbd,
.stMultiSelect:not(:has(input:disabled)) [data-tag] {
  color: light-dark(#FFFFFF, #13181B); opacity: 1; }
"""
"""Streamlit writes white on every brand colour, and names of keys paler than that."""
RUNNING = """
[data-testid="stStatusWidget"] { position: fixed; right: 1rem; bottom: 1rem;
  padding: 0.375rem 0.75rem; border-radius: 0.5rem;
  background: light-dark(#F3F7F7, #1B2125);
  border: 1px solid light-dark(#D5DEDF, #39444A); }
"""
"""That a page is at work, and Stop, would else lie over the band's tools."""
PACKED = """
.js-plotly-plot:has(.heatmaplayer .hm):has(:nth-child(13 of g.x2tick))
  :nth-child(even of g.x2tick) { display: none; }
"""
"""Names under a heat map of many columns overlap: every second one has room."""
RULES = (BAND, MENU, LISTS, TOOLS, FILLED, TEXTS)
RULES_WHERE_WIDE = (HEADER, ANSWERS, RUNNING)
RULES_ON_PHONES = (PACKED,)


def mark(brand: str, ground: str) -> str:
    """The mark: three vectors that point the same way from three places, as SVG."""
    lines = ""
    for x, y in ((6, 19), (10, 26), (17, 28)):
        lines += f"<path d='M{x} {y}l9-13'/><circle cx='{x}' cy='{y}' r='2.2'/>"
    return (
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'>"
        f"<rect width='32' height='32' rx='7' fill='{brand}'/>"
        f"<g stroke='{ground}' fill='{ground}' stroke-width='2.4' "
        f"stroke-linecap='round'>{lines}</g></svg>"
    )


FAVICON = mark(LIGHT_BRAND, "#FFFFFF")


def small_numbers() -> str:
    """The selector of numbers in cells that are too small to read."""
    each = (
        f'.heatmap-label text[style*="font-size: {size}px"]'
        for size in range(1, SMALLEST)
    )
    return f":is({', '.join(each)})"


def no_small_numbers() -> str:
    """Small numbers hidden, and a sentence under the figure that hides some."""
    small = small_numbers()
    # Streamlit gives a figure a fixed height, so the sentence hangs below it.
    return (
        f"{small} {{ display: none; }} "
        f".stElementContainer:has({small}) {{ overflow: visible; margin-bottom: 3.5rem; }} "
        f".stElementContainer:has({small})::after {{ content: '{NO_ROOM}'; "
        "display: block; margin-top: 0.5rem; font-size: 0.875rem; opacity: 0.7; }"
    )


def stylesheet() -> str:
    """All rules that a page adds to Streamlit's own."""
    base = config.get_option("server.baseUrlPath") or ""
    wide = f"{WIDE} {{ {' '.join(RULES_WHERE_WIDE)} }}"
    phone = f"{PHONE} {{ {' '.join(RULES_ON_PHONES)} }}"
    every = [typefaces.stylesheet(base), no_small_numbers(), *RULES, wide, phone]
    return f"<style>{' '.join(every)}</style>"


def apply() -> None:
    """Give the page its stylesheet and its mark."""
    st.html(stylesheet())
    dark = st.context.theme.type == "dark"
    drawn = mark(DARK_BRAND, DARK_GROUND) if dark else FAVICON
    st.logo(drawn, size="large", icon_image=drawn)
