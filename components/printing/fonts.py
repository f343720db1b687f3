"""Typefaces in print: which font has which character, and what is said without one."""

import io
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import matplotlib
from fontTools import subset
from fontTools.ttLib import TTFont
from matplotlib import font_manager
from matplotlib.backends import _backend_pdf_ps as embedding

from analysis.core.errors import FigureError

FOLDER = Path(__file__).parent / "typefaces"
FIRST = "Noto Sans"
NOT_DRAWN = {"Cf", "Cc", "Zs", "Zl", "Zp"}
"""Unicode categories of characters that leave no mark."""
SIGNS = {"So", "Cs", "Co", "Sk"}
"""Categories of signs and emoji, which no text font has."""
LAYOUT = ("GSUB", "GPOS", "GDEF", "BASE")
"""Tables that a PDF has no use for, as its glyphs are chosen and placed already."""

matplotlib.use("Agg")
# Set once: these settings belong to the process, and sessions are threads.
matplotlib.rcParams.update(
    {
        "font.family": [FIRST],
        "pdf.fonttype": 42,
        "svg.fonttype": "none",
        "svg.hashsalt": "babelscope",
        "text.parse_math": False,
        "axes.unicode_minus": True,
        "hatch.linewidth": 0.5,
    }
)


@dataclass(frozen=True)
class Typeface:
    """A font: its file and the characters (code points) that it has."""

    file: Path
    characters: frozenset[int]


@cache
def fonts_in(folder: Path = FOLDER) -> dict[str, Typeface]:
    """Family → TrueType font of a folder; Matplotlib knows them from then on."""
    found = {}
    for path in sorted(folder.glob("*.ttf")):
        font = font_manager.get_font(path)
        found[font.family_name] = Typeface(path, frozenset(font.get_charmap()))
    # A font of the same name on this machine must not be taken instead.
    manager = font_manager.fontManager
    manager.ttflist[:] = [entry for entry in manager.ttflist if entry.name not in found]
    for typeface in found.values():
        manager.addfont(typeface.file)
    return dict(sorted(found.items(), key=lambda item: item[0] != FIRST))


def offered(extra: Path | None = None) -> dict[str, Typeface]:
    """The fonts that come with Babelscope, and those of the user's own folder."""
    if extra is None or not extra.is_dir():
        return fonts_in()
    return fonts_in() | fonts_in(extra)


@dataclass(frozen=True)
class Typefaces:
    """The families of a sheet, the one for Latin first."""

    known: Mapping[str, Typeface]

    @property
    def names(self) -> list[str]:
        """All families, each tried after the one before."""
        return list(self.known)

    @property
    def files(self) -> list[Path]:
        """The files of all families."""
        return [typeface.file for typeface in self.known.values()]

    def needed(self, text: str) -> list[str]:
        """Families that one text needs.

        Looking a text up in all of them takes most of the time of drawing.
        """
        used = {family_of(char, self.known) for char in text}
        return [name for name in self.known if name in used] or self.names[:1]


def family_of(char: str, fonts: Mapping[str, Typeface]) -> str | None:
    """The first family that has a character."""
    for name, typeface in fonts.items():
        if ord(char) in typeface.characters:
            return name
    return None


def typefaces(texts: Iterable[str], extra: Path | None = None) -> Typefaces:
    """What draws these texts; FigureError names every character that no font has."""
    fonts = offered(extra)
    missing = []
    used: set[str | None] = {FIRST}
    for char in dict.fromkeys("".join(texts)):
        family = family_of(char, fonts)
        if family is None and unicodedata.category(char) not in NOT_DRAWN:
            missing.append(char)
        used.add(family)
    if missing:
        raise FigureError(refusal(missing))
    return Typefaces({name: font for name, font in fonts.items() if name in used})


def refusal(missing: list[str]) -> str:
    """What is missing, in which script it is, and the font to get."""
    named = []
    for char in missing[:5]:
        name = unicodedata.name(char, "unnamed").lower()
        named.append(f"“{char}” (U+{ord(char):04X} {name})")
    said = ", ".join(named)
    more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
    if any(unicodedata.category(char) in SIGNS for char in missing):
        remedy = "Take signs and emoji out of the title and the labels."
    else:
        names = " and ".join(sorted({suggestion(char) for char in missing}))
        remedy = (
            f"Put {names} as TrueType (.ttf) into the folder “fonts” of Babelscope's "
            "home, or use other labels."
        )
    return f"No font here draws {said}{more}, so nothing was written. {remedy}"


def suggestion(char: str) -> str:
    """The Noto font of a character's script."""
    script = unicodedata.name(char, "Symbols").split()[0].capitalize()
    return "Noto Sans SC, TC, JP or KR" if script == "Cjk" else f"Noto Sans {script}"


@dataclass(frozen=True)
class Cut:
    """A font of some glyphs, and glyph → its place there."""

    font: bytes
    places: dict[int, int]


@lru_cache(128)
def cut(path: str, face: int, glyphs: frozenset[int]) -> Cut:
    """A font cut to some glyphs; kept, as this takes most of the time of a PDF."""
    options = subset.Options(recommended_glyphs=True, font_number=face)
    options.drop_tables += LAYOUT
    with subset.load_font(path, options) as font:
        cutter = subset.Subsetter(options)
        cutter.populate(gids=glyphs)
        cutter.subset(font)
        return Cut(embedding.font_as_file(font).getvalue(), cutter.glyph_index_map)


def embedded(path: str, glyphs: Iterable[int]) -> object:
    """``cut`` as Matplotlib asks for it."""
    found = cut(str(path), getattr(path, "face_index", 0), frozenset(glyphs))
    font = TTFont(io.BytesIO(found.font), recalcTimestamp=False)
    return embedding.SubsetResults(font, found.places)._as_cm()


# Matplotlib has no other place for this; its version is pinned.
embedding.get_glyphs_subset = embedded
