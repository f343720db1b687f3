"""Recipes, packs, tables and the basket: what is kept, handed over and read back."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pypdf
import pytest

from analysis.core.errors import AnalysisError, FigureError
from analysis.core.version import __version__
from analysis.overview import registry
from components.figures.spec import Matrix
from components.paperpack import (
    basket,
    cited,
    manuscript,
    pack,
    recipes,
    tables,
    works,
)
from components.paperpack.alternative import alternative
from components.paperpack.labelling import relabelled
from components.paperpack.recipes import Recipe
from components.printing import sheet
from components.printing.venues import Look
from tests.test_screen import DATA, LIMITS, spec

TABLE = pd.DataFrame(
    {
        "source": ["en", "en", "ta", "ta"],
        "target": ["en", "ta", "en", "ta"],
        "transfer": [0.0, -1.25, 2.5, np.nan],
        "low": [np.nan, -2.0, 2.0, np.nan],
        "high": [np.nan, -0.5, 3.0, np.nan],
        "q": [np.nan, 0.2, 0.01, np.nan],
        "n": [9, 9, 12, 9],
    }
)
CELLS = Matrix(
    np.array([[0, -1.25], [2.5, np.nan]]),
    ("en", "ta"),
    ("en", "ta"),
    "points",
    LIMITS,
    diverging=True,
)
FACTS = {
    "name": "mine-12",
    "title": "Alice's study",
    "kind": "computed",
    "model": "/home/alice/models/llama",
    "layers": 32,
    "digest": "0123456789abcdef",
    "revision": "abc123",
    "dtype": "bfloat16",
    "quantisation": "none",
    "corpus": "values",
    "corpus_digest": "feedbeef",
    "estimator": "difference of means",
    "template": "none",
    "split": "by pair",
    "seed": 7,
}


def recipe(name: str = "matrix", **changes: object) -> Recipe:
    """A recipe of one kind of figure."""
    words = {
        "caption": "95 % bootstrap, Benjamini-Hochberg, Mantel p = 0.01, CSLS. n = 9."
    }
    figure = replace(spec(name), **words | changes)
    view = {
        "page": "pages/transfer.py",
        "query": {"study": ["mine-12"], "layer": ["12"]},
    }
    return Recipe(figure, Look("ACL, full width"), view, (FACTS,))


def small() -> Recipe:
    """A matrix with everything that a table can carry."""
    return recipe(data=CELLS, table=TABLE, title="100 % of A_b → c")


@pytest.fixture(scope="module")
def every_kind() -> bytes:
    """A pack of every kind."""
    return pack.pack([recipe(name) for name in DATA], Look("ACL, column"))


@pytest.fixture
def packed(every_kind, tmp_path):
    """The same, unpacked for one test."""
    zipfile.ZipFile(io.BytesIO(every_kind)).extractall(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", DATA)
def test_a_recipe_is_read_as_it_was_written(name):
    made = recipe(name)
    read = recipes.read(recipes.write(made), "x")
    assert read.digest == made.digest and (read.look, read.view, read.provenance) == (
        made.look,
        made.view,
        made.provenance,
    )
    for (path, mine), (other, theirs) in zip(
        recipes.arrays(made.figure.data), recipes.arrays(read.figure.data), strict=True
    ):
        assert path == other
        np.testing.assert_array_equal(mine, theirs)
    pd.testing.assert_frame_equal(
        recipes.read(recipes.write(small()), "x").figure.table, TABLE
    )


def test_the_digest_changes_with_any_number_and_any_word():
    made = recipe("points")
    other = replace(made.figure.data, y=made.figure.data.y + 1e-9)
    digests = {
        made.digest,
        recipe("points", data=other).digest,
        recipe("points", x="else").digest,
    }
    assert len(digests) == 3


GOOD = json.loads(recipes.write(recipe()))
FIGURE = GOOD["figure"]
ODD_ARRAY = {"kind": "array", "type": "number", "values": ["a"]}
BAD = {
    "text": "hello",
    "list": "[]",
    "nothing": "",
    "deep": "[" * 100_000,
    "other": json.dumps({"format": "other"}),
    "newer": json.dumps(GOOD | {"version": 9}),
    "kind": json.dumps(GOOD | {"figure": {"kind": "Globe"}}),
    "no figure": json.dumps(
        GOOD | {"figure": {"kind": "Series", "label": "a", "x": 1, "y": 1}}
    ),
    "field": json.dumps(GOOD | {"figure": FIGURE | {"colour": "red"}}),
    "array": json.dumps(GOOD | {"figure": FIGURE | {"table": ODD_ARRAY}}),
    "look": json.dumps(GOOD | {"look": {"venue": "Nature"}}),
    "view": json.dumps(GOOD | {"view": 3}),
}


@pytest.mark.parametrize("harm", BAD)
def test_what_is_no_recipe_is_a_sentence(harm):
    with pytest.raises(AnalysisError):
        recipes.read(BAD[harm], "a.json")


def test_numbers_go_out_and_come_back():
    for name in DATA:
        figure = spec(name)
        table = pd.read_csv(
            io.StringIO(recipes.numbers(figure).to_csv(index=False)),
            dtype={"array": str, "place": str},
        )
        again = recipes.with_numbers(figure, table)
        for (_, mine), (_, theirs) in zip(
            recipes.arrays(figure.data), recipes.arrays(again.data), strict=True
        ):
            np.testing.assert_allclose(mine, theirs, rtol=1e-15)
    with pytest.raises(FigureError, match="not those of the recipe"):
        recipes.with_numbers(spec("matrix"), recipes.numbers(spec("tree")))


def test_a_pack_redraws_itself_without_babelscope(packed):
    command = [sys.executable, "-W", "error", str(packed / "redraw.py")]
    told = subprocess.run(
        command,
        cwd="/",
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert told.returncode == 0, told.stderr
    folders = sorted(path.parent for path in packed.glob("*/recipe.json"))
    assert len(folders) == len(DATA)
    for folder in folders:
        for ending in ("pdf", "svg", "png"):
            assert (folder / f"redrawn.{ending}").read_bytes() == (
                folder / f"figure.{ending}"
            ).read_bytes()
    edited = folders[0]
    lines = (edited / "numbers.csv").read_text().replace("-1.0", "-0.5", 1)
    (edited / "numbers.csv").write_text(lines)
    subprocess.run(
        [*command, edited.name],
        cwd="/",
        env={"PATH": os.environ["PATH"]},
        check=True,
        capture_output=True,
        timeout=120,
    )
    assert (edited / "redrawn.svg").read_bytes() != (
        edited / "figure.svg"
    ).read_bytes(), "a number changed and the drawing did not"


def test_a_pack_holds_everything(packed):
    folder = packed / "1-matrix"
    kinds = {
        "figure.pdf",
        "figure.svg",
        "figure.png",
        "figure.600.png",
        "numbers.csv",
        "table.csv",
        "table.md",
        "table.nc",
        "table.tex",
    }
    assert {path.name for path in folder.iterdir()} == kinds | {
        "recipe.json",
        "caption.txt",
        "methods.txt",
        "works.bib",
        "alt.txt",
    }
    assert (packed / "together.pdf").is_file() and "Apache License" in (
        packed / "LICENSE"
    ).read_text()
    about = pypdf.PdfReader(folder / "figure.pdf").metadata
    assert (
        recipe().digest in about["/Subject"]
        and FACTS["digest"] in about["/Subject"]
        and about["/Title"] == "matrix"
    )
    typefaces = {path.stem for path in packed.rglob("*.ttf")}
    assert "NotoSansTamil" in typefaces and "NotoSansTelugu" not in typefaces, (
        "only those that are used"
    )


def test_the_same_pack_twice_is_the_same_file():
    assert pack.pack([recipe("tree")], Look()) == pack.pack([recipe("tree")], Look())


CITED = {
    "recognition": {"xu2024multilingual", "korn1998confidence"},
    "transfer": {"bonett2012adjusted", "benjamini1995controlling"},
    "relationship": {"littell2017uriel", "mantel1967detection", "efron1979bootstrap"},
    "alignment": {"peng2024concept", "conneau2018word", "schonemann1966generalized"},
    "sentence retrieval": {"kargaran2025mexa", "conneau2018word"},
    "mexa": {"kargaran2025mexa", "muennighoff2022sgpt", "student1908probable"},
    "plane": {"han2025rethinking", "wilson1927probable"},
    "control report": {"zou2023representation", "wilson1927probable"},
}


@pytest.mark.parametrize("analysis", CITED)
def test_methods_say_how_and_works_are_cited(analysis):
    made = recipe(analysis=analysis)
    text = manuscript.methods(made)
    for said in (
        "abc123",
        "bfloat16",
        "feedbeef",
        "seed 7",
        FACTS["digest"],
        "layer 12",
        made.digest,
        *(test.sentence for test in registry.find(analysis).tests),
    ):
        assert said in text, said
    keys = set(re.search(r"\\citep{(.*?)}", text)[1].split(", "))
    assert CITED[analysis] <= keys <= set(works.entries())
    assert keys == set(re.findall(r"@\w+{(\w+),", manuscript.bibliography(made)))
    printed = replace(
        made,
        provenance=({"kind": "published", "model": "BLOOMZ", "citation": "Xu et al."},),
    )
    text = manuscript.methods(printed)
    assert "as printed in: Xu et al." in text
    assert "Benjamini" not in text, "no test of ours on printed numbers"


def test_words_of_a_study_or_caption_call_for_no_work():
    title = "PLATO-on-values: LAT, RepE, steering strength, CSLS, Wilson, Mantel, UMAP"
    named = (FACTS | {"title": title, "name": "PLATO-on-values"},)
    made = recipe(analysis="recognition", source=f"Computed, {title}.", caption=title)
    plain = recipe(analysis="recognition")
    telling = replace(made, provenance=named)
    assert cited.works_of(telling) == cited.works_of(plain)
    assert cited.statistics(telling) == cited.statistics(plain)


@pytest.mark.parametrize(
    ("page", "name", "analysis"),
    [
        ("pages/recognition.py", "recognition-depth-mine-12", "recognition curve"),
        ("pages/similarity.py", "similarity-depth", "similarity"),
        ("pages/transfer.py", "transfer-net-mine-12", "starting gap"),
        ("pages/alignment.py", "alignment-settings", "alignment of all settings"),
        ("pages/alignment.py", "alignment-layer-mine-12", "alignment by layer"),
        ("pages/layers.py", "layers-means-UMAP-mine-12", "elsewhere"),
        ("pages/plane.py", "plane-English-mine-12", "plane by layer"),
        ("pages/control.py", "gap-a-run", "control report"),
        ("pages/studies.py", "difference-mine-12-other", "comparison"),
        ("app.py", "coverage-mine-12", "coverage"),
        ("pages/of-another-version.py", "news-mine-12", None),
    ],
)
def test_an_old_recipe_is_known_by_its_page_and_name(page, name, analysis):
    old = recipe()
    study = (FACTS | {"name": "depth"},) if name == "similarity-depth" else (FACTS,)
    old = replace(
        old,
        figure=replace(old.figure, name=name),
        view={"page": page, "query": {}},
        provenance=study,
    )
    found = cited.analysis_of(old)
    assert (found and found.name) == analysis
    assert cited.works_of(old)


def test_the_version_that_made_a_figure_is_in_its_recipe_and_its_files():
    made = recipe("tree")
    read = recipes.read(recipes.write(made), "x")
    assert read.babelscope == __version__
    drawn = sheet.compose([read.figure], Look())
    about = pypdf.PdfReader(io.BytesIO(sheet.pdf(drawn, recipes.facts([read]))))
    assert about.metadata.creator == f"Babelscope {__version__}"
    assert f"Babelscope {__version__}".encode() in sheet.svg(
        drawn, recipes.facts([read])
    )
    known = json.loads(recipes.write(made))
    del known["babelscope"]
    old = recipes.read(json.dumps(known), "x")
    assert not old.babelscope and "Creator" not in recipes.facts([old])
    assert json.loads(recipes.write(old)) == known


def test_what_a_figure_is_about_survives_and_changes_no_digest():
    old = recipe()
    told = replace(
        old,
        figure=replace(
            old.figure, analysis="transfer", estimate="y", interval=("low", "high")
        ),
    )
    assert told.digest == old.digest
    assert recipes.read(recipes.write(told), "x").figure.interval == ("low", "high")
    assert "analysis" not in recipes.write(old)


def test_all_works_of_the_registry_are_in_the_bibliography():
    for analysis in registry.ANALYSES:
        keys = set(analysis.works)
        for statistic in (*analysis.tests, *analysis.printed_tests):
            keys |= set(statistic.works)
        assert analysis.works and keys <= set(works.entries()), analysis.name


@pytest.mark.parametrize("key", works.entries())
def test_every_work_is_whole(key):
    entry = works.bibliography((key,))
    assert re.match(r"@(article|inproceedings|misc){" + key, entry) and entry.count(
        "{"
    ) == entry.count("}")
    assert all(part in entry for part in ("author = ", "title = ", "year = "))


def test_captions_explain_the_marks_of_print():
    text = manuscript.caption(recipe("diverging matrix"))
    assert "Pale, hatched cells" in text and "+ and −" in text
    assert "unknown" not in text
    assert "Crosshatched: unknown." in manuscript.caption(recipe("matrix with a hole"))


@pytest.mark.parametrize("name", DATA)
def test_every_figure_has_a_text_alternative(name):
    text = alternative(spec(name))
    told = ("numbers from", "rows", "No numbers", "series", "points of", "arrows")
    assert spec(name).title in text and any(words in text for words in told)


def test_the_alternative_names_the_extremes():
    assert "Largest: ta to en, 2.50. Smallest: en to ta, −1.25." in alternative(
        small().figure
    )


def test_anonymous_packs_name_nobody(home, monkeypatch):
    monkeypatch.setenv("USER", "alice")
    monkeypatch.setattr("socket.gethostname", lambda: "babel-server.example.org")
    who = f"Alice's study by alice on babel-server, {home}/studies, ~/models/x/y"
    made = recipe(caption=who, title=who, source=f"Computed from {FACTS['model']}.")
    for nameless, found in ((False, True), (True, False)):
        data = zipfile.ZipFile(
            io.BytesIO(pack.pack([made], Look(titles=True), nameless))
        )
        parts = {
            name: data.read(name)
            for name in data.namelist()
            if not name.startswith("renderer")
        }
        parts |= {
            "metadata": str(
                pypdf.PdfReader(io.BytesIO(parts["1-matrix/figure.pdf"])).metadata
            ).encode()
        }
        everything = b"\n".join(parts.values()).lower()
        for secret in (
            b"alice",
            b"babel-server",
            str(home).lower().encode(),
            b"/home/",
            b"~/models",
            b"mine-12",
        ):
            assert (secret in everything) == found, secret
        assert FACTS["digest"].encode() in everything, "digests stay"


@pytest.mark.parametrize("user", ["alice", "ada"])
def test_a_name_beside_an_underscore_is_nowhere_in_an_anonymous_pack(
    home, monkeypatch, user
):
    monkeypatch.setenv("USER", user)
    monkeypatch.setattr("socket.gethostname", lambda: "babel-server.example.org")
    told = f"{user}_values, my_{user}, {user.title()}_2"
    table = pd.DataFrame({told: [told], "x": ["a"]})
    matrix = replace(CELLS, rows=(told, "b"), units=told)
    facts = FACTS | {
        "title": f"of {user}_x",
        "corpus": f"{user}_pairs",
        "model": f"x/{user}_m",
    }
    made = recipe(
        title=told,
        caption=told,
        source=told,
        x=told,
        table=table,
        data=matrix,
    )
    figure = replace(made.figure, name=f"matrix-{user}_study")
    made = replace(made, figure=figure, provenance=(facts,))
    secret = user.encode()
    for nameless in (False, True):
        packed = pack.pack([made, made], Look(titles=True), nameless)
        hits = files_with(packed, secret)
        assert bool(hits) != nameless, hits


def files_with(packed: bytes, secret: bytes) -> list[str]:
    """Files of a zip in whose names, bytes or facts a name stands, letters of any case."""
    beside = re.compile(rb"(?<![a-z0-9])" + secret + rb"(?![a-z0-9])")
    found = []
    with zipfile.ZipFile(io.BytesIO(packed)) as opened:
        for name in opened.namelist():
            data = opened.read(name)
            said = [name.encode(), data]
            if name.endswith(".pdf"):
                reader = pypdf.PdfReader(io.BytesIO(data))
                said.append(str(reader.metadata).encode())
                said += [page.extract_text().encode() for page in reader.pages]
            if beside.search(b"\n".join(said).lower().replace(b"_", b" ")):
                found.append(name)
    return found


def test_markdown_and_csv_are_the_table():
    figure = small().figure
    pd.testing.assert_frame_equal(pd.read_csv(io.StringIO(tables.csv(figure))), TABLE)
    lines = tables.markdown(figure).splitlines()
    assert lines[0] == "| source | target | transfer | low | high | q | n |" and lines[
        2
    ].startswith("| en | en | 0 |")
    assert "a\\|b" in tables.markdown(
        replace(figure, table=pd.DataFrame({"a|b": ["x"]}))
    )


def test_names_are_no_markup_in_a_markdown_table():
    name = "<a href='x'>q</a> [l](http://x.example) `c`"
    table = pd.DataFrame({name: [f"{name}\nmore"]})
    text = tables.markdown(replace(small().figure, table=table, title=name))
    assert not re.search(r"(?<!\\)[<\[`]", text)
    assert len(text.splitlines()) == 5


def test_a_matrix_becomes_a_matrix_in_latex():
    text = tables.latex(small().figure)
    assert (
        r"\bfseries 2.50 +- 0.50$^{\dagger}$" in text
        and "-1.25 +- 0.75 &" not in text
        and "-1.25 +- 0.75" in text
        and "{--}" in text
        and "-1.25 &" not in text.split(r"\midrule")[0]
    )
    assert (
        r"100 \% of A\_b $\rightarrow$ c" in text
        and "n = 9 to 12" in text
        and "Bold: largest" in text
    )
    assert all(rule in text for rule in (r"\toprule", r"\midrule", r"\bottomrule"))


def test_a_matrix_has_no_interval_of_other_numbers():
    for table in (
        TABLE.iloc[:3],
        TABLE.assign(transfer=TABLE["transfer"] + 0.1),
        TABLE.drop(columns="low"),
    ):
        text = tables.latex(replace(small().figure, table=table))
        assert "+-" not in text and "2.50" in text and "±" not in text


def test_other_tables_go_row_by_row_with_intervals():
    figure = replace(small().figure, data=DATA["tree"])
    text = tables.latex(figure)
    assert (
        r"\bfseries 2.500 +- 0.500$^{\dagger}$" in text
        and "-1.250 +- 0.750" in text
        and "low" not in text
    )
    many = replace(figure, table=pd.concat([TABLE] * 20, ignore_index=True))
    assert r"\begin{longtable}" in tables.latex(many)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="there is no LaTeX here")
@pytest.mark.parametrize("long", [False, True])
def test_latex_tables_compile(tmp_path, long):
    figure = replace(small().figure, data=DATA["tree"] if long else CELLS)
    many = (
        replace(figure, table=pd.concat([TABLE] * 20, ignore_index=True))
        if long
        else figure
    )
    body = "\n".join([tables.latex(figure), tables.latex(many)])
    packages = r"\usepackage[T1]{fontenc}\usepackage{booktabs,siunitx,longtable}"
    head = rf"\documentclass{{article}}{packages}\begin{{document}}"
    (tmp_path / "t.tex").write_text(f"{head}\n{body}\n\\end{{document}}\n")
    told = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"],
        cwd=tmp_path,
        capture_output=True,
    )
    assert told.returncode == 0, told.stdout.decode("latin-1")[-1500:]
    assert "2.50" in pypdf.PdfReader(tmp_path / "t.pdf").pages[0].extract_text()


NAMES = (
    r"\input{/etc/passwd}",
    "a # b",
    "100 % } {",
    "one\n\n\ntwo",
    "[b] *",
    "* a",
    "x ~ ^ _ & $ \\",
    '^^41 <a> | "q" -- `',
    "a\x00b\x1bc",
)
"""Names at which LaTeX would do something, or stop."""


@pytest.mark.parametrize("name", NAMES)
def test_a_label_is_a_slug(name):
    text = tables.latex(replace(small().figure, name=f"matrix-{name}"))
    (label,) = re.findall(r"\\label\{(.*?)\}\n", text, flags=re.DOTALL)
    assert re.fullmatch("tab:[A-Za-z0-9_-]+", label)
    assert "\n\n" not in text.strip()


def test_other_names_have_other_labels():
    assert tables.slug("transfer-mine-12") == "transfer-mine-12"
    assert len({tables.slug(name) for name in ("a#", "a%", "a", "#", "日本")}) == 5


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="there is no LaTeX here")
def test_hostile_names_compile(tmp_path):
    """As titles, columns, rows and labels, in tables of all three kinds."""
    packages = r"\usepackage[T1]{fontenc}\usepackage{booktabs,siunitx,longtable}"
    body = []
    for name in NAMES:
        matrix = replace(CELLS, rows=(name, "b"), columns=(name, "c"))
        rows = TABLE.assign(source=name).rename(
            columns={"source": f"{name}s", "n": name}
        )
        rows = rows.rename(columns={name: f"{name}n"})
        words = {"name": name, "title": name, "caption": name, "table": rows}
        square = replace(small().figure, **words | {"data": matrix})
        short = replace(square, data=DATA["tree"], name=f"{name}2")
        many = pd.concat([rows] * 20, ignore_index=True)
        body += map(tables.latex, (square, short, replace(short, table=many, name="x")))
    head = rf"\documentclass{{article}}{packages}\begin{{document}}"
    text = "\n".join([head, *body, r"\end{document}"])
    (tmp_path / "t.tex").write_text(text)
    told = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"],
        cwd=tmp_path,
        capture_output=True,
    )
    assert told.returncode == 0, told.stdout.decode("latin-1")[-1500:]
    pages = pypdf.PdfReader(tmp_path / "t.pdf").pages
    said = " ".join(page.extract_text() for page in pages)
    assert "/etc/passwd" in said
    assert "root:" not in said


def test_languages_are_called_otherwise():
    figure = replace(
        spec("matrix"),
        data=replace(
            CELLS, rows=("en", "Tamil"), columns=("தமிழ் (Tamiḻ)", "not a language")
        ),
    )
    data = relabelled(figure, "own name").data
    assert data.rows == ("English", "தமிழ் (Tamiḻ)") and data.columns == (
        "தமிழ் (Tamiḻ)",
        "not a language",
    )
    assert relabelled(figure, "code").data.columns == ("ta", "not a language")
    points = replace(DATA["points"], labels=("en → ta", "Tamil → x", "zh"))
    assert relabelled(replace(figure, data=points), "English name").data.labels == (
        "English → Tamil",
        "Tamil → x",
        "Chinese",
    )


def test_the_basket_keeps_moves_removes_and_restores(home):
    numbers = [basket.add(recipe(title=title)) for title in "abc"]
    order = lambda: "".join(item.recipe.figure.title for item in basket.items())  # noqa: E731
    assert order() == "abc"
    basket.move(numbers[2], -1)
    basket.move(numbers[0], -1)
    assert order() == "acb"
    basket.remove(numbers[2])
    assert order() == "ab" and basket.removed() == [numbers[2]]
    basket.restore(numbers[2])
    assert order() == "acb" and not basket.removed()
    basket.change(numbers[0], recipe(title="z"))
    assert order() == "zcb"
    with pytest.raises(FigureError, match="not in the basket any more"):
        basket.remove("unknown")


def test_a_damaged_figure_is_said_and_hides_no_other(home):
    number = basket.add(recipe())
    basket.add(recipe("tree"))
    path = basket.path_of(number)
    path.write_bytes(path.read_bytes()[:100])
    broken, whole = basket.items()
    assert (
        whole.recipe.figure.name == "tree"
        and broken.recipe is None
        and "damaged" in broken.fault
    )
    basket.remove(broken.number)
    assert len(basket.items()) == 1


def test_tables_that_were_put_together_have_rows_of_one_number():
    twice = pd.concat([TABLE, TABLE])
    figure = recipe("lines", table=twice, analysis="mean angle").figure
    told = replace(figure, estimate="transfer", interval=("low", "high"))
    assert tables.latex(told).count("+-") == 4
    assert tables.latex(told).count(r"\bfseries") == 2
