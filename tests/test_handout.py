"""One HTML file: all that the page shows is in it, nothing of it acts, and nothing tells."""

import base64
import gzip
import html
import json
import re
from dataclasses import replace

import pytest

import babelscope as bs
from analysis.core.errors import AnalysisError, FigureError
from analysis.study import library
from analysis.study.study import Study
from babelscope import commands
from components.figures import gallery
from components.handout import cards, file, patches, sections
from components.paperpack.of_gallery import recipe_of
from components.screen import to_plotly
from tests.planted import Planting, planted_study
from tests.stored import stored

HOSTILE = "</script><img src=https://example.org/x onerror=alert(1)>"
PACKED = re.compile(r'<script type="text/plain" id="packed-(\w+)">([^<]*)</script>')


@pytest.fixture
def study(tmp_path, monkeypatch) -> Study:
    """A planted study of one's own under a telling name."""
    monkeypatch.setenv("BABELSCOPE_HOME", str(tmp_path))
    planted = planted_study(
        ("fairness", "truth"),
        ("en", "fr", "zh"),
        (4, 24, 16),
        planting=Planting("rotated", peak=3),
    )
    stored("university-of-nowhere", planted, title="Nowhere's study")
    return library.open_by_name("university-of-nowhere")


def unpacked(data: bytes) -> dict[str, str]:
    """The compressed parts of a file as text."""
    found = {}
    for name, text in PACKED.findall(data.decode()):
        found[name] = gzip.decompress(base64.b64decode(text)).decode()
    return found


def test_patches_make_one_value_of_another():
    old = {"a": [1, 2, {"b": "x"}], "gone": 1, "kept": {"c": None}}
    new = {"a": [1, 3, {"b": "y"}], "kept": {"c": []}, "more": [1]}
    assert patches.patched(old, list(patches.patches(old, new))) == new
    assert patches.patched([1], list(patches.patches([1], [1, 2]))) == [1, 2]
    assert not list(patches.patches(new, new))


@pytest.mark.parametrize("name", ["recognition", "transfer", "similarity"])
def test_a_card_is_the_figure_of_a_light_and_of_a_dark_page(study, name):
    recipe = recipe_of(study, name)
    card = cards.card(recipe)
    assert card.dark, "a dark page is drawn with other ink"
    dark = json.loads(to_plotly.draw(recipe.figure, dark=True).to_json())
    del dark["layout"]["template"]
    assert patches.patched(card.plot, card.dark) == dark


def test_a_study_is_there_with_all_its_figures(study):
    made = sections.of_study(study)
    titles = [each.title for each in made.sections]
    assert titles == ["Overview", "Recognition", "Similarity", "Transfer", "Alignment"]
    drawn = [card for each in made.sections for card in each.cards]
    lacking = [line for each in made.sections for line in each.lacking]
    shown = [name for name in gallery.names(study) if page_of(name) in titles]
    assert len(drawn) + len(lacking) == len(shown) + len(sections.RULER)
    (ruled,) = [card for card in drawn if card.plot.get("frames")]
    assert len(ruled.plot["frames"]) == study.layers
    data = file.page(made)
    text = data.decode()
    figures = json.loads(unpacked(data)["figures"])
    assert len(figures) == len(drawn) == text.count('class="plot"')
    for card in drawn:
        assert card.table.count("\n") > 1
        assert card.methods
    assert "default-src 'none'" in text
    assert not re.search(r'(src|href)="?https?:', text)
    assert len(data) < 4_000_000


def page_of(name: str) -> str:
    """The page of a figure."""
    return gallery.FIGURES[name].page


def test_the_same_study_gives_the_same_bytes(study):
    made = sections.of_study(study, ["Transfer"])
    again = sections.of_study(study, ["Transfer"])
    assert file.page(made) == file.page(again)


def test_texts_of_models_and_users_stay_texts(study):
    """Nothing ends the script it lies in, and no tag is one."""
    hostile = replace(study, manifest=replace(study.manifest, title=HOSTILE))
    made = sections.of_study(hostile, ["Transfer"])
    said = {"origin": HOSTILE, "turns": [{"title": HOSTILE}]}
    data = file.page(replace(made, answers=said, provenance=HOSTILE))
    outside = PACKED.sub("", data.decode())
    assert HOSTILE not in outside
    assert "<img" not in outside
    assert json.loads(unpacked(data)["answers"]) == said


def test_an_anonymous_file_names_nobody(study, tmp_path, monkeypatch):
    monkeypatch.setenv("USER", "jane-okapi")
    provenance = f'"made by jane-okapi in {tmp_path}/university-of-nowhere"'
    monkeypatch.setattr(library, "provenance", lambda study: provenance)
    names = (b"university-of-nowhere", b"jane-okapi", b"Nowhere's", bytes(tmp_path))
    told = every_byte(sections.of_study(study, ["Transfer"]))
    hidden = every_byte(sections.of_study(study, ["Transfer"], nameless=True))
    for name in names:
        assert any(name in part for part in told)
        assert not any(name in part for part in hidden)


def every_byte(made: sections.Handout) -> list[bytes]:
    """The file's own text, and those that are compressed in it but for Plotly."""
    data = file.page(made)
    parts = unpacked(data)
    del parts["plotly"]
    outside = html.unescape(PACKED.sub("", data.decode()))
    return [outside.encode(), *(text.encode() for text in parts.values())]


def test_what_cannot_be_published_is_one_sentence(study, tmp_path, monkeypatch):
    with pytest.raises(AnalysisError, match="Unknown page “Transfers”"):
        sections.of_study(study, ["Transfers"])
    with pytest.raises(AnalysisError, match="nothing for the page Plane"):
        sections.of_study(study, ["Plane"])
    with pytest.raises(AnalysisError, match=r"must be a list.*\['Transfer'\]"):
        bs.publish(study, tmp_path / "study.html", pages="Transfer")
    with pytest.raises(AnalysisError, match="file ending"):
        bs.publish(study, tmp_path / "study.pdf")
    monkeypatch.setattr(file, "MOST_BYTES", 1000)
    with pytest.raises(FigureError, match="15 MB is the most"):
        file.page(sections.of_study(study, ["Transfer"]))


def test_figures_alone_and_from_the_command(study, tmp_path, capsys):
    path = tmp_path / "figures.html"
    plot = bs.plot(study, "transfer")
    assert bs.publish(plot, path) == path
    (figure,) = json.loads(unpacked(path.read_bytes())["figures"]).values()
    assert figure["table"].startswith("source,target")
    asked = ["publish", study.name, "--figures", "transfer", "similarity"]
    assert commands.main([*asked, "--out", str(path)]) == 0
    assert len(json.loads(unpacked(path.read_bytes())["figures"])) == 2
    assert commands.main([*asked, "--pages", "Transfer", "--out", str(path)]) == 2
    assert "not both" in capsys.readouterr().err
    assert commands.main(["publish", study.name, "demo", "--out", str(path)]) == 2
    assert "each study by itself" in capsys.readouterr().err
