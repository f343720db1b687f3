"""The HTML file: words as HTML, figures and Plotly compressed inside, one script.

It asks for nothing outside itself, and forbids itself to. Every text is escaped, or set
by the script as text, so that what a model wrote stays inert.
"""

import base64
import gzip
import html
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from string import Template
from typing import Any

from plotly.offline import get_plotlyjs

from analysis.core.errors import FigureError
from analysis.core.version import __version__
from components.handout.cards import Card
from components.handout.sections import Handout, Said, Section

DATA = Path(__file__).parent / "data"
MOST_BYTES = 15_000_000
"""What a mail or a supplement of a paper takes."""
LOW = 128
"""Pixels of a figure that says no height."""
DRAWN = ("plot", "dark", "table")
"""Fields of a card that its figure is drawn from; the others are words of the page."""


def page(handout: Handout) -> bytes:
    """The whole file; FigureError where it would be larger than 15 MB."""
    parts = {
        "title": html.escape(handout.title),
        "about": paragraphs(handout.about, "about"),
        "links": links(handout),
        "sections": "\n".join(map(section, numbered(handout.sections))),
        "answers": answers(handout.answers),
        "provenance": provenance(handout.provenance),
        "version": html.escape(__version__),
        "style": read("page.css"),
        "script": read("page.js"),
        "figures": packed(drawings(handout.sections)),
        "recorded": packed(handout.answers),
        "plotly": packed_text(get_plotlyjs()),
    }
    whole = Template(read("page.html")).substitute(parts).encode()
    if len(whole) > MOST_BYTES:
        raise FigureError(
            f"The file would have {len(whole) / 1e6:.1f} MB, and 15 MB is the most. "
            "Choose fewer pages."
        )
    return whole


def read(name: str) -> str:
    """A part of the page as it is kept."""
    return (DATA / name).read_text(encoding="utf-8")


def packed(value: Any) -> str:
    """JSON, compressed, in letters that end no script."""
    return packed_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def packed_text(text: str) -> str:
    """A text, compressed; the same text gives the same bytes."""
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def numbered(sections: Sequence[Section]) -> list[tuple[int, Section]]:
    """Sections with their places, which name their anchors."""
    return list(enumerate(sections))


def drawings(sections: Sequence[Section]) -> dict[str, Any]:
    """Anchor → what the script draws of each figure."""
    found = {}
    for place, each in numbered(sections):
        for number, card in enumerate(each.cards):
            kept = asdict(card)
            found[anchor(place, number)] = {name: kept[name] for name in DRAWN}
    return found


def anchor(place: int, number: int) -> str:
    """The name of a figure in the file."""
    return f"figure-{place}-{number}"


def paragraphs(texts: Iterable[str], kind: str) -> str:
    """Texts as paragraphs."""
    return "".join(f'<p class="{kind}">{html.escape(text)}</p>\n' for text in texts)


def links(handout: Handout) -> str:
    """The way to each section."""
    found = []
    for place, each in numbered(handout.sections):
        found.append(f'<a href="#page-{place}">{html.escape(each.title)}</a>')
    if handout.answers:
        found.append('<a href="#answers">Playground</a>')
    if handout.provenance:
        found.append('<a href="#provenance">Provenance</a>')
    return "\n".join(found)


def section(place_and_section: tuple[int, Section]) -> str:
    """A page of the study: findings first, then its figures."""
    place, each = place_and_section
    cards = []
    for number, card in enumerate(each.cards):
        cards.append(figure(anchor(place, number), card))
    return (
        f'<section id="page-{place}">\n<h2>{html.escape(each.title)}</h2>\n'
        f"{''.join(map(finding, each.findings))}{''.join(cards)}"
        f"{paragraphs(each.lacking, 'lacking')}</section>"
    )


def finding(said: Said) -> str:
    """A finding and its numbers."""
    return (
        f'<p class="finding"><strong>{html.escape(said.sentence)}</strong><br>'
        f"<span>{html.escape(said.statistics)}</span></p>\n"
    )


def figure(name: str, card: Card) -> str:
    """A figure's card; the script draws into it and fills its table."""
    label = html.escape(card.alternative, quote=True)
    # Room for the drawing, so that the page does not jump when it comes.
    height = f"min-height: {card.plot['layout'].get('height', LOW)}px"
    return (
        f'<figure id="{name}" class="card">\n'
        f"<h3>{html.escape(card.title)}</h3>\n"
        f'<div class="plot" role="group" aria-label="{label}" data-figure="{name}"'
        f' style="{height}"></div>\n'
        f"<figcaption><p>{html.escape(card.seen)}</p>\n"
        f"<details><summary>How it was measured</summary>"
        f"<p>{html.escape(card.caption)}</p>"
        f"<pre>{html.escape(card.methods)}</pre></details>\n"
        f'<details class="twin" data-figure="{name}"><summary>Numbers</summary>'
        f"</details></figcaption>\n</figure>\n"
    )


def answers(recorded: dict[str, Any]) -> str:
    """The place of recorded answers; the script fills it."""
    if not recorded:
        return ""
    return (
        '<section id="answers"><h2>Playground</h2>\n'
        f'<p class="about">{html.escape(recorded["origin"])}</p>\n'
        '<div id="turns"></div></section>'
    )


def provenance(text: str) -> str:
    """Where the numbers come from, folded."""
    if not text:
        return ""
    return (
        '<section id="provenance"><h2>Provenance</h2>\n'
        "<details><summary>All that the study knows of itself</summary>"
        f"<pre>{html.escape(text)}</pre></details></section>"
    )
