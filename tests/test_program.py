"""Studies, analyses and figures from the command line."""

import json
import shlex
from dataclasses import replace

import pandas as pd
import pypdf
import pytest

from babelscope import commands, plots
from components.paperpack import recipes
from components.printing.venues import VENUES
from tests.test_pack import small
from tests.visits import visit


def written(folder, **changes: object):
    """A recipe as a file."""
    path = folder / "recipe.json"
    path.write_text(recipes.write(replace(small(), **changes)))
    return path


@pytest.mark.parametrize("faults, lists", [(1, 0), (2, 0), (4, 1)])
def test_faults_that_the_sentence_quotes_are_not_listed_again(
    home, capsys, faults, lists
):
    rows = "".join(f"{number},fairness\n" for number in range(faults))
    corpus = home / "pairs.csv"
    corpus.write_text("pair,concept,language,positive,negative\n" + rows)
    assert commands.main(["extract", "--model", "demo", "--corpus", str(corpus)]) == 2
    said = capsys.readouterr().err
    assert said.count("line 2: has 2 cells") == 1 + lists


@pytest.mark.parametrize("ending", plots.FILES)
def test_a_recipe_is_rendered_without_a_browser(home, ending, capsys):
    out = home / f"figure.{ending}"
    assert (
        commands.main(
            [
                "render",
                str(written(home)),
                "--out",
                str(out),
                "--venue",
                "ICML, column",
                "--labels",
                "English name",
            ]
        )
        == 0
    )
    assert out.stat().st_size > 1000 and str(out) in capsys.readouterr().out
    if ending == "pdf":
        box = pypdf.PdfReader(out).pages[0].mediabox
        assert abs(float(box.width) / 72 - VENUES["ICML, column"].width / 2.54) < 0.005


def test_several_recipes_are_one_sheet(home):
    path = str(written(home))
    assert (
        commands.main(
            ["render", path, path, "--out", str(home / "both.svg"), "--titles"]
        )
        == 0
    )
    assert all(letter in (home / "both.svg").read_text() for letter in ("(a)", "(b)"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["render", "gone.json"], "cannot be read"),
        (["render", "{recipe}", "--out", "a.tiff"], "file ending"),
        (["run", "gone.json"], "not a JSON file"),
        (["run", "{other}"], "has colour"),
        (["run", "{empty}"], "needs “extract”"),
        (["run", "{odd}"], "Did you mean “transfer”"),
    ],
)
def test_what_cannot_be_done_is_said_and_ends_in_two(home, given, said, capsys):
    files = {
        "other": {"colour": 1},
        "empty": {"analyses": ["transfer"]},
        "odd": {"study": "bloomz-7.1b", "analyses": ["transfr"]},
    }
    for name, content in files.items():
        (home / f"{name}.json").write_text(json.dumps(content))
    paths = {name: home / f"{name}.json" for name in files} | {"recipe": written(home)}
    assert commands.main([part.format(**paths) for part in given]) == 2
    assert said in capsys.readouterr().err


def test_studies_are_listed_and_analysed_from_a_spec_file(home, capsys):
    assert (
        commands.main(["studies"]) == 0
        and "bloomz-7.1b\tpublished\tBLOOMZ-7.1B" in capsys.readouterr().out
    )
    (home / "run.json").write_text(
        json.dumps(
            {
                "study": "bloomz-7.1b",
                "analyses": ["recognition", "transfer", "similarity"],
                "out": "tables",
            }
        )
    )
    assert commands.main(["run", str(home / "run.json")]) == 0
    found = pd.read_csv(home / "tables" / "transfer-bloomz-7.1b.csv")
    assert len(found) == 144 and {"source", "target", "transfer"} <= set(found.columns)
    assert len(list((home / "tables").iterdir())) == 3


@pytest.mark.parametrize(
    ("page", "study", "command"),
    [
        ("pages/extract.py", "demo", "extract"),
        ("pages/alignment.py", "demo-requests", "words"),
    ],
)
def test_the_command_that_a_page_shows_is_understood(fresh, page, study, command):
    shown = [block.value for block in visit(page, study=study).code]
    (line,) = [text for text in shown if text.startswith("babelscope ")]
    (_, *given) = shlex.split(line)
    assert commands.parser().parse_args(given).command == command
