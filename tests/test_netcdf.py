"""netCDF: what was written is read again, with its labels, by any reader of the format."""

import io

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import babelscope as bs
from analysis.core.errors import SpecError
from analysis.core.netcdf import SPARSE, netcdf, of_table
from babelscope.commands import main
from components.paperpack import tables
from tests.stored import stored


def read(data: bytes) -> xr.Dataset:
    """What a file holds, as xarray's own reader of the classic format gives it."""
    return xr.load_dataset(io.BytesIO(data), engine="scipy")


def test_values_of_every_type_are_kept():
    numbers = np.arange(6).reshape(2, 3)
    made = xr.Dataset(
        {
            "half": (("a", "b"), numbers.astype(np.float16)),
            "long": (("a", "b"), numbers + 2**40),
            "small": (("a", "b"), numbers.astype(np.uint8) + 200),
            "yes": (("a", "b"), numbers % 2 == 0),
            "gaps": (("a", "b"), np.where(numbers == 4, np.nan, numbers)),
            "words": (("a",), np.array(["é", None], object)),
            "a/b ": (("b",), np.arange(3.0)),
        },
        {"a": ["zh", "en"], "b": [3, 1, 2]},
        {"title": "Ours", "some": {"x": [1]}, "none": None},
    )
    found = read(netcdf(made))
    for name in ("half", "long", "small", "yes", "gaps"):
        np.testing.assert_array_equal(found[name].values, made[name].values)
    assert found["words"].values.tolist() == ["é", ""]
    assert found["a"].values.tolist() == ["zh", "en"]
    assert found["b"].values.tolist() == [3, 1, 2]
    assert found["a_b"].values.tolist() == [0, 1, 2]
    assert found.attrs["some"] == '{"x": [1]}'
    assert netcdf(made) == netcdf(made)


def test_names_beyond_ascii_are_kept_in_utf_8():
    name = "_…_ξ, 語"
    data = netcdf(of_table(pd.DataFrame({name: ["…", "ж"], "x": [1.0, 2.0]})))
    assert name.encode() in data
    (spelled,) = read(data).sizes
    labels = read(data)[spelled]
    assert str(spelled).encode("latin-1").decode() == name
    assert labels.attrs["long_name"] == name
    assert labels.values.tolist() == ["…", "ж"]


def test_labels_of_a_table_become_dimensions_in_their_order():
    rows = [("zh", 2, 1.0), ("zh", 1, 2.0), ("en", 2, 3.0), ("en", 1, 4.0)]
    table = pd.DataFrame(rows, columns=["language", "layer", "value"])
    found = read(netcdf(of_table(table, title="T")))
    assert dict(found.sizes) == {"language": 2, "layer": 2}
    assert found.language.values.tolist() == ["zh", "en"]
    assert float(found["value"].sel(language="en", layer=2)) == 3.0
    assert found.attrs["title"] == "T"


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"x": [1.0, 1.0], "y": [2.0, 3.0]}),
        pd.DataFrame({"a": ["u", "u"], "y": [2.0, 3.0]}),
        pd.DataFrame({"a": list("pqrstuvwx"), "b": list("pqrstuvwx"), "y": range(9)}),
    ],
)
def test_rows_that_no_labels_tell_apart_stay_rows(table):
    found = read(netcdf(of_table(table)))
    assert dict(found.sizes) == {"row": len(table)}
    assert len(table) ** 2 > SPARSE * len(table) or "b" not in table
    assert found["y"].values.tolist() == table["y"].tolist()


def test_a_figure_has_the_numbers_of_its_table():
    figure = bs.plot("demo", "transfer").figure
    found = read(tables.as_netcdf(figure))
    assert dict(found.sizes) == {"source": 16, "target": 16}
    row = figure.table.iloc[19]
    cell = found.sel(source=row["source"], target=row["target"])
    assert float(cell["transfer"]) == pytest.approx(row["transfer"])
    assert found.attrs["comment"] == figure.caption


def test_a_whole_study_is_one_dataset_and_one_file(home, tmp_path):
    stored("mine")
    study = bs.open("mine")
    whole = study.dataset
    assert set(whole.data_vars) == study.available
    found = xr.load_dataset(study.save(tmp_path / "study.nc"), engine="scipy")
    assert set(found.data_vars) == study.available
    for name in study.available:
        assert found[name].dims == whole[name].dims
        np.testing.assert_array_equal(found[name].values, whole[name].values)
        assert found[name].attrs["long_name"] == whole[name].attrs["long_name"]
    assert '"corpus"' in found.attrs["provenance"] or "planted/model" in str(
        found.attrs
    )
    with pytest.raises(SpecError, match=r"ends with \.nc"):
        study.save(tmp_path / "study.csv")


def test_a_study_with_every_part_is_written_too(tmp_path):
    study = bs.open("demo")
    found = xr.load_dataset(study.save(tmp_path / "demo.nc"), engine="scipy")
    assert set(found.data_vars) == study.available
    expected = study.array("item_state").values
    np.testing.assert_array_equal(found["item_state"].values, expected)


def test_the_command_writes_it(tmp_path, capsys):
    given = ["measure", "demo", "similarity", "--format", "nc", "--out", str(tmp_path)]
    assert main(given) == 0
    path = capsys.readouterr().out.strip()
    found = xr.load_dataset(path, engine="scipy")
    assert dict(found.sizes) == {"source": 16, "target": 16}
    assert path.endswith("similarity-demo.nc")
