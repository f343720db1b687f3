"""CSV that a spreadsheet shows and does not run, in every file that is written."""

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.core.spreadsheets import csv_text
from components.paperpack import tables
from tests.test_rooms import PRODUCT, ROOT, python_files
from tests.test_screen import spec

RUN = ("=1+1", "+cmd", "-2+3", "@SUM(A1)", "\t=1", '=HYPERLINK("http://x","q")')
OWN_FILES = {
    "analysis/core/spreadsheets.py",
    # A table on its way into a reader of this program.
    "babelscope/inputs.py",
}


@pytest.mark.parametrize("cell", RUN)
def test_what_a_spreadsheet_would_run_is_text(cell):
    table = pd.DataFrame({"word": [cell, "plain"], cell: [cell, None]})
    text = csv_text(table)
    back = pd.read_csv(io.StringIO(text))
    assert list(back.columns) == ["word", f"'{cell}"]
    assert back["word"].tolist() == [f"'{cell}", "plain"]
    figure = replace(spec("matrix"), table=table)
    assert tables.csv(figure) == text


def test_numbers_stay_numbers():
    table = pd.DataFrame(
        {
            "number": [-1.5, np.nan],
            "whole": [-1, 2],
            "said": ["-0.25", "+1e-3"],
            "mixed": [-3, "a"],
            "yes": [True, False],
            "kind": pd.Categorical(["-x", "b"]),
        }
    )
    assert csv_text(table).splitlines() == [
        "number,whole,said,mixed,yes,kind",
        "-1.5,-1,-0.25,-3,True,'-x",
        ",2,+1e-3,a,False,b",
    ]


def test_a_table_is_not_changed_by_being_written():
    table = pd.DataFrame({"a": ["=1", "b"]})
    csv_text(table)
    assert table["a"].tolist() == ["=1", "b"]


def test_columns_of_one_name_are_both_written():
    table = pd.DataFrame([["=1", "+a"]], columns=["x", "x"])
    assert csv_text(table) == "x,x\n'=1,'+a\n"


def test_there_is_one_way_to_write_csv():
    places = set()
    for path in python_files(*PRODUCT):
        if ".to_csv(" in path.read_text(encoding="utf-8"):
            places.add(path.relative_to(ROOT).as_posix())
    assert places == OWN_FILES
