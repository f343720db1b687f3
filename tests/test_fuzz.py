"""A few damaged inputs of every kind; ``python -m benchmarks.fuzz`` tries five thousand."""

import pytest

from tests.damaged import KINDS, outcome

FEW = {"pages": 2, "model folders": 6, "recipes": 15, "manifests": 15}
CASES = 30


def test_shares_of_the_kinds_are_a_hundred():
    assert sum(kind.share for kind in KINDS.values()) == 100


@pytest.mark.parametrize("kind", KINDS)
def test_every_damaged_input_ends_in_a_value_or_a_sentence(kind, fresh, monkeypatch):
    monkeypatch.setenv("BABELSCOPE_MODELS", str(fresh / "models"))
    (fresh / "models").mkdir()
    found = [outcome(kind, seed) for seed in range(FEW.get(kind, CASES))]
    failures = [f"{one.kind} {one.seed}: {one.failure}" for one in found if one.failure]
    assert not failures, "\n".join(failures)
    if kind not in ("links", "pages"):
        assert any(one.sentence for one in found), "nothing was damaged"
