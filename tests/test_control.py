"""Control runs with a planted truth: the right setting is found and reported, nothing
is asked twice, and nothing is lost.
"""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from analysis.control import store
from analysis.control import surfaces as measures
from analysis.control.plan import compute, file_of
from analysis.control.settings_tried import named, ranges
from analysis.control.specs import JudgingSpec
from analysis.core import settings
from analysis.core.errors import SpecError, Stopped, StudyError
from analysis.core.specs import from_dict
from analysis.study import library
from tests.speaking import ANSWER, FakeSpeaker, begun, finished
from tests.stored import LAYERS, stored

RULES = JudgingSpec()


@pytest.fixture
def study(home):
    stored("complete")
    return library.open_by_name("complete")


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """A home with a study and its finished run, made once: every cell is written
    through to the disk.
    """
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("finished")
        patch.setenv("BABELSCOPE_HOME", str(folder))
        stored("complete")
        finished(library.open_by_name("complete"))
        yield folder


@pytest.fixture
def whole(shelf, monkeypatch):
    """The finished run, to be looked at only."""
    monkeypatch.setenv("BABELSCOPE_HOME", str(shelf))
    (name,) = store.names("complete")
    return store.open_run(name)


def told(run, judging=RULES):
    answers = store.frame(run, judging)
    surfaces = measures.surfaces(answers, run.grid, judging)
    picked = measures.chosen(surfaces, run.grid, judging)
    return (
        answers,
        surfaces,
        picked,
        measures.report(answers, run.spec, picked, judging),
    )


def test_the_planted_setting_is_found_and_reported(whole):
    run = whole
    answers, surfaces, picked, report = told(run)
    assert {a: (choice.strength, choice.layers) for a, choice in picked.items()} == {
        "en": (1.0, (1, 2)),
        "zh": (1.0, (1, 2)),
        "fr": (2.0, (1, 2)),
    }
    rates = report.pivot(index="language", columns="vector", values="effect")
    assert (
        rates.loc["en"].tolist() == [0, 1, 1]
        and rates.loc["zh"].tolist() == [0, 1, 1]
        and rates.loc["fr"].tolist() == [0, 1, 0]
    )
    assert set(report["n"]) == {7} and report["within"].all()
    low, high = report.set_index(["language", "vector"]).loc[
        ("fr", "shared"), ["low", "high"]
    ]
    assert low == 0 and 0.3 < high < 0.45
    assert not store.missing(run, answers, RULES)


def test_surfaces_hold_effect_and_cost_of_every_setting(whole):
    _, surfaces, _, _ = told(whole)
    en = surfaces.sel(language="en")
    assert en["effect"].shape == (4, 4) and en["effect"].values.max() == 1
    sets = [named(layers) for layers in ranges(LAYERS, 4)]
    works = en["effect"].values[1]
    assert {name for name, value in zip(sets, works) if value == 1} == {"1–2", "1–4"}
    babble = en.isel(strength=3, set=sets.index("1–2"))
    assert (
        babble["effect"] == 0
        and babble["perplexity"] == pytest.approx(np.exp(9))
        and babble["kl"] == pytest.approx(0.4)
    )
    assert (
        babble["n"] == 5
        and float(en["plain_effect"]) == 0
        and float(en["plain_perplexity"]) == pytest.approx(np.exp(0.5))
    )


def test_shares_of_verdicts_by_strength_add_up_and_turn_where_planted(whole):
    asked = told(whole)[0].query(
        "role == 'search' and language == 'en' and layers in ('', '1–2')"
    )
    shares = measures.by_strength(asked).pivot(
        index="strength", columns="verdict", values="share"
    )
    assert (
        shares.index.tolist() == [0, 0.5, 1, 2, 4] and (shares.sum(axis=1) == 1).all()
    )
    assert shares["refusing"].tolist() == [1, 1, 0, 0, 0] and shares[
        "following"
    ].tolist() == [0, 0, 1, 0, 0]


def test_no_reported_prompt_was_searched_with(whole):
    answers = store.frame(whole, RULES)
    by_role = {role: set(those["prompt"]) for role, those in answers.groupby("role")}
    assert (
        not by_role["search"] & by_role["report"]
        and len(by_role["search"]) == 5
        and len(by_role["report"]) == 7
    )


def test_the_papers_way_reports_the_prompts_that_it_searched(study):
    answers = store.frame(
        finished(study, searched_on="the reported prompts (paper)"), RULES
    )
    by_role = {role: set(those["prompt"]) for role, those in answers.groupby("role")}
    assert by_role["search"] == by_role["report"] and len(by_role["report"]) == 7


def test_the_gap_is_own_minus_shared_with_newcombes_interval(whole):
    report = told(whole)[3]
    gaps = measures.gaps(report, "en").set_index("language")
    assert gaps["gap"].to_dict() == {"en": 0, "zh": 0, "fr": 1}
    assert (
        np.isnan(gaps.loc["en", "low"])
        and gaps.loc["zh", "low"] < 0 < gaps.loc["zh", "high"]
    )
    # Newcombe (1998), method 10, for 7 of 7 against 0 of 7
    low = measures.bounded(np.ones(7), list("abcdefg"), rate=True)["low"]
    assert (
        gaps.loc["fr", "low"] == pytest.approx(1 - np.hypot(1 - low, 1 - low))
        and gaps.loc["fr", "low"] > 0
    )


def test_a_choice_within_limits_avoids_what_the_papers_choice_takes(study):
    run = finished(study, ends=(ANSWER["en"], "Sorry"))
    judging = JudgingSpec(objective="verdict log-odds")
    assert told(run, replace(judging, choice="best effect"))[2]["en"].strength == 4.0
    within = told(run, judging)[2]["en"]
    assert within.strength == 1.0 and within.within
    nothing = told(run, replace(judging, perplexity=0.1))[2]["en"]
    assert not nothing.within and nothing.strength < 1.0


def test_the_target_rate_counts_answers_that_begin_with_the_target(study):
    judging = JudgingSpec(objective="target-continuation rate")
    report = told(finished(study, judging, ends=("MIX flour", "Sorry")), judging)[
        3
    ].set_index(["language", "vector"])
    assert (
        report.loc[("en", "own"), "effect"] == 1
        and report.loc[("fr", "own"), "effect"] == 0
    )


def test_an_objective_that_nothing_measures_chooses_nothing(whole):
    _, _, picked, report = told(
        whole, JudgingSpec(objective="target-continuation rate")
    )
    assert not picked and report["effect"].isna().all()
    assert not store.missing(
        whole,
        store.frame(whole, RULES),
        JudgingSpec(objective="target-continuation rate"),
    )


@pytest.mark.parametrize("kind", [{"objective": "x"}, {"choice": "x"}])
def test_unknown_objectives_and_choices_are_named(whole, kind):
    with pytest.raises(SpecError, match="Allowed"):
        told(whole, JudgingSpec(**kind))


def test_drift_is_the_share_in_another_language():
    cells = [
        {
            "stage": "none",
            "language": "fr",
            "source": "",
            "layers": [],
            "prompt": ["1", "2", "3"],
            "strength": [0.0] * 3,
            "text": ["a", "b", ""],
            "tokens": [1, 1, 0],
            "surprise": [1.0, 3.0, None],
            "heard": ["fr", "en", "none"],
            "log_odds": [None] * 3,
            "kl": [0.0],
        }
    ]
    from analysis.control.prompts import Prompt

    roles = {
        "fr": {
            "search": {},
            "report": {str(i): Prompt(str(i), "fr", "?") for i in (1, 2, 3)},
        }
    }
    found = measures.summary(
        measures.table(cells, roles).assign(verdict="following"), RULES
    )
    assert (
        found["drift"] == pytest.approx(2 / 3)
        and found["perplexity"] == pytest.approx(np.exp(2))
        and found["n"] == 3
    )


def contents(folder):
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.glob("*_*.json")
    }


def test_a_stopped_run_goes_on_where_it_was_and_ends_with_the_same_bytes(study, shelf):
    name = begun(study)
    first = contents(shelf / "control" / name)

    def stop(done, of, what):
        if done == 6:
            raise Stopped("enough")

    speaker = FakeSpeaker()
    with pytest.raises(Stopped):
        compute(name, speaker, stop)
    assert len(store.open_run(name).done) == 6
    before = speaker.asked
    run = compute(name, speaker)
    assert first and contents(run.folder) == first and len(run.done) == 3 + 12 + 5
    again = FakeSpeaker()
    compute(name, again)
    assert again.asked == 0 and speaker.asked > before


def test_a_run_killed_in_a_cell_goes_on(study, home, shelf):
    name = begun(study)
    first = contents(shelf / "control" / name)
    code = (
        "import sys, time\nfrom tests.speaking import FakeSpeaker\nfrom "
        "analysis.control.plan import compute\n"
        "class Slow(FakeSpeaker):\n    def answers(self, *a):\n        "
        "time.sleep(0.05)\n        return super().answers(*a)\n"
        "compute(sys.argv[1], Slow())\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, name],
        env=os.environ | {"BABELSCOPE_HOME": str(home)},
    )
    while len(list((store.root() / name).glob("*_*.json"))) < 5:
        assert child.poll() is None
        time.sleep(0.005)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert len(store.open_run(name).done) < 15
    assert contents(compute(name, FakeSpeaker()).folder) == first


def test_one_cell_is_timed_and_kept(study):
    name = begun(study)
    assert np.isnan(store.outlook(store.open_run(name)).seconds)
    run = compute(name, FakeSpeaker(), most=1)
    (key,) = run.done
    ahead = store.outlook(run)
    assert key.startswith("search/en/en/") and ahead.cells == 20 and ahead.seconds >= 0
    assert (
        ahead.answers == 3 * 12 + 3 * 4 * 4 * 5 + 5 * 7
        and ahead.left == ahead.answers - 20
    )
    done = compute(name, FakeSpeaker())
    assert store.outlook(done).left == 0 and len(done.done) == ahead.cells


def test_progress_ends_where_it_said_it_would(study):
    seen = []
    compute(begun(study), FakeSpeaker(), lambda done, of, what: seen.append((done, of)))
    assert (
        seen == sorted(seen)
        and {of for _, of in seen} == {20}
        and seen[0][0] == 0
        and seen[-1][0] == 20
    )


def test_judging_anew_asks_only_for_the_reports_of_other_settings(study):
    run = finished(study)
    strict = JudgingSpec(
        "edited", ("en: Mix", "en: Sorry", "zh: 对不起", "fr: Désolé", "en: la la")
    )
    answers = store.frame(run, strict)
    left = store.missing(run, answers, strict)
    assert {cell.stage for cell in left} == {"report"} and {
        cell.source for cell in left
    } == {"en"}
    store.keep_judging(run.name, strict)
    speaker = FakeSpeaker()
    run = compute(run.name, speaker)
    assert (
        speaker.asked == 7 * len(left)
        and run.judging == strict
        and not store.missing(run, store.frame(run, strict), strict)
    )


def test_a_judge_command_judges_every_answer_once_and_its_verdicts_are_kept(
    study, tmp_path, monkeypatch
):
    monkeypatch.setenv("BABELSCOPE_JUDGE_COMMAND", "1")
    log, path = tmp_path / "log", tmp_path / "judge.py"
    path.write_text(
        "import json, sys\nrows = [json.loads(line) for line in sys.stdin]\n"
        f"open({str(log)!r}, 'a').write(f'{{len(rows)}}\\n')\n"
        "print('\\n'.join('following' if 'la la' in row['answer'] else 'refusing' "
        "for row in rows))\n"
    )
    judging = JudgingSpec(command=f"{sys.executable} {path}", choice="best effect")
    run = finished(study, judging)
    answers, _, picked, report = told(run, judging)
    assert (
        set(answers["verdict"]) == {"following", "refusing"}
        and picked["en"].strength == 2.0
    )
    distinct = len(set(zip(answers["language"], answers["request"], answers["text"])))
    assert sum(map(int, log.read_text().split())) == distinct
    compute(run.name, FakeSpeaker())
    assert sum(map(int, log.read_text().split())) == distinct
    other = store.frame(run, replace(judging, command=f"{judging.command} "))
    assert set(other["verdict"]) == {""}


def test_what_changed_under_a_run_is_noticed(study, home):
    run = finished(study)
    store.check_vectors(run)
    assert (
        from_dict(type(run.spec), json.loads(json.dumps(dict(run.manifest.spec))))
        == run.spec
    )
    path = run.folder / next(iter(run.manifest.files))
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(StudyError, match="damaged"):
        store.open_run(run.name)
    assert store.names("complete") == (run.name,) and not store.names("other")
    changed = replace(run.spec, vectors_digest="0")
    with pytest.raises(StudyError, match="vectors"):
        store.check_vectors(
            replace(
                run,
                manifest=replace(
                    run.manifest, spec={**run.manifest.spec, "vectors_digest": "0"}
                ),
            )
        )
    assert changed != run.spec


def test_the_same_spec_is_the_same_run(study):
    assert begun(study) == begun(study) and begun(study, search_prompts=4) != begun(
        study
    )
    with pytest.raises(StudyError, match="no control run"):
        store.open_run("none")


def test_files_of_cells_have_names_that_can_be_opened_however_many_layers():
    few = store.Cell(store.SEARCH, "en", "en", (1, 2, 3), (0.5, 1.0))
    assert file_of(few) == "search_en_en_1-2-3.json"
    seen = set()
    for layers in (17, 18, 30, 31, 126):
        cell = store.Cell(store.SEARCH, "zh-Hant", "en", tuple(range(1, layers + 1)))
        seen.add(file_of(cell))
        assert settings.NAME.fullmatch(file_of(cell))
    assert len(seen) == 5
