"""Every interval and p has a planted truth, and holds what it says."""

import ast
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from benchmarks import coverage

ROOT = Path(__file__).parents[1]
KERNELS = {
    "difference_interval",
    "interval",
    "mean_interval",
    "mean_interval_of_units",
    "mantel",
    "node_interval",
    "permutation_p",
    "share_interval",
    "two_sided",
    "wilson",
}
BANDS = {
    # 95 % of what shuffled labels or random directions give: no estimate of anything, so
    # nothing to hold.
    "concepts.unrelated.bands",
    "questions.geometry.shuffled_angles",
    "questions.items.null_ends",
    # What an interval would be, told before anything is seen.
    "concepts.can_show.can_show",
}
# The first is a kernel itself; the second only writes an interval out.
INSIDE = {"core.statistics.node_interval", "components.views.transfer.numbers"}
COUNTED_ELSEWHERE = {
    # Their errors are counted over planted studies and noise in tests of their own:
    # test_certificates, test_refusing, test_crossing_words, test_plane_decided and
    # test_pushing.
    "certificates.readings.of_own",
    "control.recognised.difference_of",
    "control.recognised.share_of",
    "crossing.latent.latent_language",
    "crossing.latent.over_words",
    "plane.reachable.clustered_share",
    "pushing.beside_reading.directed_mantel",
    "pushing.effects.interval_of",
    # A kernel on numbers as they are: mean over languages, share of prompts.
    "components.figures.of_models.sizes",
    "sharing.measured.setting_of",
}
REPLICATES = 300
CASES = [
    (entry, case)
    for entry in coverage.ENTRIES
    for case in entry.cases
    if not entry.test
]
TESTS = [
    (entry, case) for entry in coverage.ENTRIES for case in entry.cases if entry.test
]


def functions_with_intervals():
    """Functions that call a kernel of intervals or of tests, as module.function."""
    found = set()
    paths = [*(ROOT / "analysis").rglob("*.py"), *(ROOT / "components").rglob("*.py")]
    for path in paths:
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and called(node) & KERNELS:
                found.add(f"{module}.{node.name}".removeprefix("analysis."))
    return found


def called(function):
    """Names of the functions that a function calls."""
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    return {call.func.id for call in calls if isinstance(call.func, ast.Name)}


def test_every_interval_and_p_has_a_planted_truth():
    covered = set()
    for entry in coverage.ENTRIES:
        covered |= set(entry.functions)
    assert (
        functions_with_intervals() - BANDS - INSIDE - COUNTED_ELSEWHERE
        == covered - INSIDE
    )


def ids(value):
    return getattr(value, "words", "")


@cache
def share_of(case):
    rng = np.random.default_rng(7)
    return float(np.mean(case.simulate(rng, REPLICATES)))


@pytest.mark.parametrize(("entry", "case"), CASES, ids=ids)
def test_an_interval_holds_the_truth(entry, case):
    least = 0.90 if case.small else 0.93
    # Three standard errors of the simulation.
    error = 3 * np.sqrt(least * (1 - least) / REPLICATES)
    assert share_of(case) >= least - error


def test_intervals_are_not_wide_for_nothing():
    held = [share_of(case) for _, case in CASES if not case.small]
    assert np.mean(held) < 0.975


@pytest.mark.parametrize(("entry", "case"), TESTS, ids=ids)
def test_a_test_finds_nothing_where_nothing_is(entry, case):
    error = 3 * np.sqrt(0.05 * 0.95 / REPLICATES)
    assert share_of(case) <= 0.05 + error
