"""Xu et al.'s design over several models, and which of its claims hold."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import babelscope as bs
from analysis.core.errors import SpecError
from analysis.overview import agreement
from analysis.overview.agreement import AGREES, DIFFERS, OPEN, Estimate
from analysis.study import library
from babelscope import commands, repeating

FEW: dict[str, Any] = {"concepts": ["fairness"], "languages": ["en", "fr", "sw", "zh"]}


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home of its own."""
    monkeypatch.setenv("BABELSCOPE_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (Estimate(1.0, 0.5, 1.5, 9), AGREES),
        (Estimate(-1.0, -1.5, -0.5, 9), DIFFERS),
        (Estimate(1.0, -0.5, 1.5, 9), OPEN),
        (Estimate(1.0, float("nan"), float("nan"), 9, 0.01), AGREES),
        (Estimate(-1.0, float("nan"), float("nan"), 9, 0.01), DIFFERS),
        (Estimate(1.0, float("nan"), float("nan"), 9, 0.2), OPEN),
        (agreement.NOTHING, OPEN),
    ],
)
def test_the_interval_or_the_test_decides(found, verdict):
    assert found.verdict == verdict


def test_a_planted_order_is_found_and_noise_is_not():
    x = np.arange(12.0)
    assert agreement.rank_correlation(x, x**2).verdict == AGREES
    assert agreement.rank_correlation(x, -x).verdict == DIFFERS
    assert agreement.rank_correlation(x[:3], x[:3]).verdict == OPEN
    rng = np.random.default_rng(7)
    told = 0
    for _ in range(60):
        found = agreement.rank_correlation(x, rng.standard_normal(12))
        told += found.verdict != OPEN
    # 5 % of 60 are 3; nine or more would come once in 500 times.
    assert told < 9


def test_a_dominant_language_apart_is_found():
    matrix = np.full((6, 6), 0.9)
    matrix[0, 1:] = matrix[1:, 0] = 0.7
    assert agreement.gap(matrix, np.arange(1, 6)) == pytest.approx(0.2)
    assert np.isnan(agreement.gap(matrix, np.array([2, 2])))


def test_the_papers_own_models_hold_what_the_paper_says():
    found = agreement.agreement(library.open_by_name("llama2-chat-7b"))
    verdicts = dict(zip(agreement.CLAIMS, found["verdict"]))
    by_name = {claim.name: verdict for claim, verdict in verdicts.items()}
    for name in ("everywhere", "share", "dominant", "genetic", "one way"):
        assert by_name[name] == AGREES
    without = agreement.agreement(library.open_by_name("llama2-chat-13b"))
    assert set(without["verdict"][2:]) == {OPEN}
    assert str(without["reason"][2]).startswith("The study")


def test_several_models_become_studies_figures_and_tables(home, capsys, monkeypatch):
    made = bs.repeat(["demo", "absent-model"], "demo world", out=home / "made", **FEW)
    assert len(made.studies) == 1 and list(made.failed) == ["absent-model"]
    names = {path.name for path in made.files}
    assert all((home / "made" / name).stat().st_size > 100 for name in names)
    study = made.studies[0]
    for figure in ("transfer", "similarity", "recognition"):
        assert f"{figure}-{study}.pdf" in names
    assert "recognition-by-size.pdf" in names
    sizes = pd.read_csv(home / "made" / "models.csv")
    assert len(sizes) == 10 and sizes["model"].tolist()[0] == "demo"
    claims = pd.read_csv(home / "made" / "claims.csv")
    assert claims.groupby("model").size().unique().tolist() == [len(agreement.CLAIMS)]
    monkeypatch.setattr(repeating, "repeat", lambda *models, **options: made)
    assert commands.main(["repeat", "demo", "absent-model"]) == 0
    printed = capsys.readouterr().out
    assert "Languages with more training text" in printed
    assert "absent-model is left out" in printed


def test_no_model_is_told(home):
    with pytest.raises(SpecError, match="at least one model"):
        bs.repeat([])
    with pytest.raises(SpecError, match="No model came through"):
        bs.repeat(["absent-model"], "demo world", out=home / "made")
    with pytest.raises(SpecError, match="Unknown venue"):
        bs.repeat(["demo"], venue="Nature")
