"""Trials: what is tried on a study's model, cell by cell, is whole or goes on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import babelscope as bs
from analysis.core.errors import SpecError, Stopped, StudyError
from analysis.core.specs import ModelSpec, digest, written
from analysis.overview import needs
from analysis.study import library, store, trials
from analysis.study.manifest import Manifest
from analysis.study.study import Study
from analysis.study.together import Shard
from analysis.study.trial_part import TrialArray, TrialPart
from analysis.worker import trials as worker
from analysis.worker.trials import Trial
from babelscope import commands
from tests.stored import stored

LANGUAGES = ("en", "fr", "sw")


@dataclass(frozen=True)
class Guess:
    """The spec of a planted trial."""

    model: ModelSpec
    languages: tuple[str, ...] = LANGUAGES
    strengths: tuple[float, ...] = (0.5, 1.0)
    seed: int = 1


def begin(study: Study, spec: Guess) -> TrialPart:
    """A trial over languages; SpecError without any."""
    if not spec.languages:
        raise SpecError("Choose at least one language.")
    return TrialPart(
        spec=written(spec),
        digest=digest(spec),
        dims={
            "target": spec.languages,
            "source": spec.languages,
            "strength": tuple(map(str, spec.strengths)),
        },
        cells=("target",),
        numbers=("strength",),
        arrays={
            "effect": TrialArray(
                dims=("source", "strength"),
                long_name="effect",
                units="nats",
                chance=0.0,
                gaps=True,
            ),
            "prompts": TrialArray(long_name="prompts asked"),
        },
    )


def values(spec: Guess, cell: Mapping[str, str]) -> dict[str, np.ndarray]:
    """What a cell holds: the target's place times strength."""
    place = spec.languages.index(cell["target"]) + spec.seed
    strengths = np.array(spec.strengths, np.float32)
    effect = np.repeat(place * strengths[None], len(spec.languages), 0)
    effect[0, 0] = np.nan
    return {"effect": effect, "prompts": np.array(place, np.int32)}


def measurer(loaded, study, spec, part, check):
    """A model's stand-in."""

    def measure(cell: Mapping[str, str]) -> dict[str, np.ndarray]:
        check()
        return values(spec, cell)

    return measure


GUESS = Trial("guess", "A guess", Guess, begin, measurer, lambda study, spec: 1000)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home of its own, in which there is a trial."""
    monkeypatch.setenv("BABELSCOPE_HOME", str(tmp_path))
    monkeypatch.setitem(worker.TRIALS, "guess", GUESS)
    return tmp_path


def spec_of(folder: Path, **more: object) -> Guess:
    """The spec for the model of a study."""
    model = store.read_manifest(folder).model
    assert model is not None
    return Guess(model, **more)  # pyright: ignore[reportArgumentType]


def begun(title: str = "tried") -> Path:
    """A study with a trial of which nothing is computed."""
    folder = stored(title)
    study = store.open_study(folder)
    trials.begin(folder, "guess", begin(study, spec_of(folder)))
    return folder


def content(folder: Path) -> dict[str, bytes]:
    """Its files but the lock."""
    found = {}
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name != store.LOCK:
            found[path.name] = path.read_bytes()
    return found


def run(folder: Path, most: int = 99) -> None:
    """Compute cells, and stop after so many."""
    seen = []

    def progress(done: int, of: int, doing: str) -> None:
        seen.append(doing)
        if len(seen) > most:
            raise Stopped("Stopped.")

    spec = spec_of(folder)
    trials.run(folder, "guess", lambda cell: values(spec, cell), progress)


def test_a_trial_is_read_as_it_was_computed(home):
    folder = begun()
    study = store.open_study(folder)
    assert not study.has_trial("guess") and len(study.missing) == 3
    assert np.isnan(study.trial("guess")["prompts"]).all()
    run(folder)
    study = store.open_study(folder)
    found = study.trial("guess")
    assert study.has_trial("guess") and study.complete
    assert found["effect"].dims == ("target", "source", "strength")
    assert found["effect"].sel(target="sw", source="fr", strength=0.5) == 1.5
    assert np.isnan(found["effect"].sel(target="sw", source="en", strength=0.5))
    assert found["prompts"].values.tolist() == [1, 2, 3]
    assert found["effect"].attrs == {
        "long_name": "effect",
        "units": "nats",
        "chance": 0.0,
    }
    assert needs.trial("guess", "a guess").met(study)
    assert not needs.trial("other", "another").met(study)
    with pytest.raises(ValueError):
        found["prompts"].values[0] = 7


def test_what_is_missing_is_no_number(home):
    folder = begun()
    with pytest.raises(Stopped):
        run(folder, 2)
    found = store.open_study(folder).trial("guess")["prompts"].values
    assert found[:2].tolist() == [1, 2] and np.isnan(found[2])


def test_a_stopped_trial_goes_on_to_the_same_bytes(home, tmp_path):
    whole = begun("whole")
    run(whole)
    parted = begun("parted")
    with pytest.raises(Stopped):
        run(parted, 2)
    run(parted)
    expected = content(whole)
    found = content(parted)
    assert found.keys() == expected.keys()
    same = [name for name in found if name != store.MANIFEST]
    assert all(found[name] == expected[name] for name in same)
    assert [name for name in same if name.startswith("trial")] == [
        "trial_guess_cells.safetensors"
    ]


def test_several_processes_share_a_trial(home):
    alone = begun("alone")
    run(alone)
    folder = begun("together")
    spec = spec_of(folder)

    def part(number: int) -> None:
        trials.run_together(
            folder, "guess", lambda cell: values(spec, cell), Shard(number, 2, 5.0)
        )

    threads = [Thread(target=part, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    name = "trial_guess_cells.safetensors"
    assert content(folder)[name] == content(alone)[name]
    assert store.open_study(folder).has_trial("guess")


def test_other_settings_take_the_place_only_when_asked(home):
    folder = begun()
    run(folder)
    study = store.open_study(folder)
    other = begin(study, spec_of(folder, seed=5))
    with pytest.raises(StudyError, match="already with other settings"):
        trials.begin(folder, "guess", other)
    assert store.open_study(folder).has_trial("guess")
    trials.begin(folder, "guess", other, anew=True)
    assert not list(folder.glob("trial_*"))
    assert len(store.open_study(folder).missing) == 3


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"cells": ()}, "at least one"),
        ({"cells": ("target", "target")}, "must differ"),
        ({"cells": ("nowhere",)}, "must name dimensions"),
        ({"numbers": ("source",)}, "must be numbers"),
        ({"dims": {"target": ("en", "en"), "source": ("en",)}}, "must differ"),
        ({"arrays": {}}, "number of arrays"),
        ({"arrays": {"../x": TrialArray(long_name="x")}}, "small letters"),
        (
            {"arrays": {"x": TrialArray(dims=("target",), long_name="x")}},
            "different ones",
        ),
        (
            {"dims": {"target": tuple(map(str, range(99_999))), "a": ("1",) * 1}}
            | {"cells": ("target", "a"), "numbers": ()}
            | {"arrays": {"x": TrialArray(long_name="x", dims=())}},
            None,
        ),
    ],
)
def test_a_part_that_does_not_fit_is_refused(home, change, told):
    folder = stored("one")
    part = replace(begin(store.open_study(folder), spec_of(folder)), **change)
    if told is None:
        part.check()
        return
    with pytest.raises(StudyError, match=told):
        part.check()


@pytest.mark.parametrize(
    "key",
    [
        "trial/guess/effect/3",
        "trial/guess/other/0",
        "trial/gone/effect/0",
        "trial/guess",
    ],
)
def test_tensors_that_are_no_cell_are_damage(home, key):
    folder = begun()
    run(folder)
    store.add_file(folder, "odd.safetensors", {key: np.zeros((3, 2), np.float32)})
    with pytest.raises(StudyError, match="no place that this study has"):
        store.open_study(folder)


def test_a_tensor_of_another_shape_is_damage(home):
    folder = begun()
    key = "trial/guess/effect/0"
    store.add_file(folder, "odd.safetensors", {key: np.zeros((2, 2), np.float32)})
    with pytest.raises(StudyError, match="must be 3 × 2"):
        store.open_study(folder)


def test_numbers_that_are_not_finite_are_refused_but_for_gaps(home):
    folder = begun()
    spec = spec_of(folder)

    def broken(cell: Mapping[str, str]) -> dict[str, np.ndarray]:
        found = values(spec, cell)
        found["effect"][1, 1] = np.inf
        return found

    with pytest.raises(StudyError, match="not finite"):
        trials.run(folder, "guess", broken)


def test_the_worker_tries_it_and_resumes(home, monkeypatch):
    study = bs.trial("demo", "guess", strengths="0.5,2", seed="3")
    assert study.name == "demo-copy"
    assert study.trial("guess")["effect"].strength.values.tolist() == [0.5, 2.0]
    assert library.open_by_name("demo").manifest.trials is None
    again = bs.trial("demo-copy", "guess", strengths=[0.5, 2.0], seed=3)
    assert again.complete
    with pytest.raises(StudyError, match="already with other settings"):
        bs.trial("demo-copy", "guess")
    anew = bs.trial("demo-copy", "guess", anew=True)
    assert anew.trial("guess")["prompts"].values.tolist() == [1, 2, 3]


def test_what_cannot_be_tried_is_told(home):
    with pytest.raises(SpecError, match="guess"):
        bs.trial("demo", "gues")
    with pytest.raises(SpecError, match="no option|strengths"):
        bs.trial("demo", "guess", strength=1)
    with pytest.raises(SpecError, match="are numbers"):
        bs.trial("demo", "guess", strengths="one,two")
    with pytest.raises(SpecError, match="at least one language"):
        bs.trial("demo", "guess", languages=())
    folder = stored("planted")
    other = replace(spec_of(folder), model=ModelSpec("owner/other"))
    with pytest.raises(StudyError, match="the trial is of owner/other"):
        worker.begun_part(store.open_study(folder), GUESS, other)


def test_the_command_tries_it(home, capsys):
    assert commands.main(["try", "guess", "demo", "--set", "languages=en,fr"]) == 0
    assert "study demo-copy" in capsys.readouterr().out
    assert commands.main(["try", "guess"]) == commands.USER
    assert "babelscope try NAME STUDY" in capsys.readouterr().err
    assert library.open_by_name("demo-copy").trial("guess").sizes["target"] == 2


def page() -> None:
    """A page with the form."""
    from analysis.study import library
    from components.forms import trying
    from tests.test_trials import Guess

    study = library.open_by_name("demo")
    model = study.manifest.model
    assert model is not None
    trying.start(study, "guess", Guess(model))


def test_the_form_starts_it(home):
    test = AppTest.from_function(page, default_timeout=60).run()
    assert not test.exception
    labels = [button.label for button in test.button]
    assert "Start" in labels and "Check" in labels
    assert any("babelscope try guess demo" in code.value for code in test.code)


def test_old_manifests_have_no_trials(home):
    assert Manifest().trials is None
