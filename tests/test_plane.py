"""The plane: a model whose transfer sits at one layer and whose locality sits at
another is found by the sweep.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.core.errors import AnalysisError, CorpusError
from analysis.plane import finding, localisation, other_methods
from analysis.plane import plan as sweep
from analysis.plane.localisation import Setting
from analysis.study import store
from tests.asking import (
    LAYERS,
    LOCAL_LAYER,
    TRANSFER_LAYER,
    PlantedAnswerer,
    PlantedReader,
    questions,
    sweep_spec,
)
from tests.test_asked import ask


def swept(title, answerer=None, given=None, **changes):
    """A study of the planted reader that was swept."""
    given = given or questions()
    study = ask(PlantedReader(noise=0.02, merged=TRANSFER_LAYER), given, title)
    folder = store.root() / study.name
    sweep.begin_sweep(folder, sweep_spec(given, **changes), given)
    sweep.run_sweep(folder, given, answerer or PlantedAnswerer(), lambda *_: None)
    return store.open_study(folder)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A finished plane."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BABELSCOPE_HOME", str(tmp_path_factory.mktemp("plane")))
        yield swept("plane")


def test_the_planted_layers_are_found(study):
    best, listed = localisation.chosen_settings(study), localisation.settings(study)
    assert listed[best["English"]].english_layer == TRANSFER_LAYER
    assert listed[best["local"]].local_layer == LOCAL_LAYER
    both = listed[best["both"]]
    assert (both.english_layer, both.local_layer) == (TRANSFER_LAYER, LOCAL_LAYER)


def test_effects_are_the_planted_ones(study):
    best = localisation.chosen_settings(study)
    english, both = (
        localisation.effect(study, best[mode], None) for mode in ("English", "both")
    )
    assert english.gain == pytest.approx(2 / 3) and english.gain_ends[0] > 0
    assert english.erasure == pytest.approx(1 / 3) and english.languages == (2, 2), (
        "English has no English vector"
    )
    assert both.gain == pytest.approx(english.gain) and both.erasure == pytest.approx(
        -2 / 3
    )
    assert english.items == (12, 12) and localisation.effect(
        study, best["English"]
    ).items == (6, 6)
    twins = [
        localisation.effect(study, twin, None).gain
        for twin in localisation.twins_of(study, best["English"])
    ]
    assert len(twins) == sweep.TWINS and np.mean(twins) < english.gain / 2


def test_the_sentence_is_true_to_the_table(study):
    sentence = finding.finding(study)
    assert (
        f"gains most at layer {TRANSFER_LAYER} of {LAYERS}" in sentence
        and f"local at layer {LOCAL_LAYER} (" in sentence
    )
    assert "keep 100 % of the gain" in sentence and "win" in sentence
    table = localisation.sweep_table(study, 1)
    gain = table.loc[localisation.chosen_settings(study)["English"], "gain"]
    assert finding.points(gain) in sentence


def test_no_finding_is_said(home):
    class Deaf(PlantedAnswerer):
        def answer(self, text, push):
            return super().answer(text, ())

    study = swept("deaf", Deaf())
    assert finding.finding(study).startswith(
        "There is no finding"
    ) and "not above 0" in finding.finding(study)


def test_the_plane_has_one_row_per_steered_language(study):
    best = localisation.chosen_settings(study)
    table = localisation.plane(study, best["English"])
    assert table["language"].tolist() == ["fr", "sw"]
    assert localisation.plane(study, best["local"])["language"].tolist() == [
        "en",
        "fr",
        "sw",
    ]
    assert (table["transfer"] >= table["transfer before"]).all() and (
        table["named"] == 1
    ).all()
    np.testing.assert_allclose(table["gap"], 1 - table["localisation before"])
    np.testing.assert_allclose(table["cost"], table["erasure"] / table["gain"])
    assert (
        (table["transfer low"] <= table["transfer"])
        & (table["transfer"] <= table["transfer high"])
    ).all()


def test_a_stopped_sweep_goes_on_to_the_same_answers(home, study):
    given = questions()
    cut = ask(PlantedReader(noise=0.02, merged=TRANSFER_LAYER), given, "cut")
    folder = store.root() / cut.name
    sweep.begin_sweep(folder, sweep_spec(given), given)
    for calls in (
        4,
        30,
        10,
    ):  # among the single vectors, then among both, then among the twins
        with pytest.raises(KeyboardInterrupt):
            sweep.run_sweep(
                folder, given, PlantedAnswerer(fails_after=calls), lambda *_: None
            )
        assert "the rest of the plane" in store.open_study(folder).missing
        finding.finding(store.open_study(folder))
    sweep.run_sweep(folder, given, PlantedAnswerer(), lambda *_: None)
    again = store.open_study(folder)
    assert (
        again.complete
        and again.manifest.plane.settings == study.manifest.plane.settings
    )
    for name in ("plane_score", "plane_answer", "plane_there"):
        np.testing.assert_array_equal(
            again.array(name).values, study.array(name).values
        )


def test_settings_are_as_many_as_expected(study):
    given = questions()
    assert len(localisation.settings(study)) == sweep.expected(sweep_spec(given))


def test_the_flipped_version_is_swept_where_there_is_one(home):
    study = swept("flipped", local="flipping items")
    best = localisation.settings(study)[localisation.chosen_settings(study)["local"]]
    assert best.local_layer == LOCAL_LAYER and "°" in finding.finding(study)
    given = questions()
    bare = ask(
        PlantedReader(),
        type(given)("bare", tuple(replace(q, options=()) for q in given.questions)),
        "bare",
    )
    with pytest.raises(AnalysisError, match="Choose another version"):
        sweep.begin_sweep(
            store.root() / bare.name, sweep_spec(given, local="flipping items"), given
        )


def test_by_generation_the_same_comes_out(home, study):
    other = swept("written", scoring="generation")
    np.testing.assert_array_equal(localisation.right(other), localisation.right(study))
    agree = localisation.agreement_of_scorings(other)
    assert (agree["same"] == 1).all() and (agree["no option written"] == 0).all()


def test_per_token_and_whole_answers_differ_where_lengths_do(study):
    scores = np.array([[[[-4.0, -3.0]]]])
    tokens = np.array([[[4, 1]]])
    arrays = {"plane_score": scores, "plane_tokens": tokens}
    fake = type(
        "Fake",
        (),
        {"array": lambda self, name: type("A", (), {"values": arrays[name]})()},
    )()
    assert (
        localisation.chosen_options(fake, "likelihood", True).item() == 1
        and localisation.chosen_options(fake, "likelihood", False).item() == 2
    )
    arrays["plane_score"] = np.array([[[[-4.0, -1.0]]]])
    assert localisation.chosen_options(fake, "likelihood", True).item() == 0, (
        "a tie takes nothing"
    )


def test_begun_in_vain(home):
    given = questions()
    study = ask(PlantedReader(), given, "vain")
    folder = store.root() / study.name
    for changes, told in (
        ({"layers": (9,)}, "layers 1 to 5"),
        ({"languages": ("hu",)}, "no language hu"),
    ):
        spec = sweep_spec(given)
        spec = type(spec)(**{**vars(spec), **changes})
        with pytest.raises(AnalysisError, match=told):
            sweep.begin_sweep(folder, spec, given)
    train = type(given)(
        "train", tuple(q for q in given.questions if q.split == "train")
    )
    with pytest.raises(CorpusError, match="held out"):
        sweep.prompts(sweep_spec(train), train)
    with pytest.raises(AnalysisError, match="Strength 0"):
        type(spec)(**{**vars(sweep_spec(given)), "strengths": (0.0,)})
    for strength in (np.nan, np.inf):
        with pytest.raises(AnalysisError, match="not a finite number"):
            type(spec)(**{**vars(sweep_spec(given)), "strengths": (strength,)})


def test_items_without_a_local_answer_and_languages_without_culture_are_left_out(home):
    given = questions()
    kept = tuple(
        q for q in given.questions if not (q.language == "sw" and q.kind == "culture")
    )
    study = swept("partly", given=type(given)("partly", kept))
    place = localisation.chosen_settings(study)["English"]
    transfer, local = localisation.effect(study, place).languages
    assert transfer == local + 1
    table = localisation.plane(study, place)
    row = table.set_index("language").loc["sw"]
    assert (
        np.isfinite(row["transfer"])
        and np.isnan(row["localisation"])
        and row["culture"] == 0
    )


def lopsided(title, kept):
    """A swept study of the questions that are kept."""
    given = questions()
    return swept(
        title, given=type(given)(title, tuple(q for q in given.questions if kept(q)))
    )


ONE_SIDED = {
    "universal": ("localisation", lambda q: q.kind == "universal"),
    "culture": ("transfer", lambda q: q.kind == "culture"),
    "single": (
        "localisation",
        lambda q: q.kind == "universal" or q.split == "train" or q.item == "c1",
    ),
}


@pytest.mark.parametrize("title", ONE_SIDED)
def test_an_axis_without_items_is_said_and_the_other_is_shown(home, title):
    missing, kept = ONE_SIDED[title]
    study = lopsided(title, kept)
    (other,) = set(localisation.AXES) - {missing}
    for place in localisation.chosen_settings(study).values():
        table = localisation.plane(study, place)
        assert (
            table[[missing, f"{missing} low", f"{missing} high"]].isna().all(axis=None)
            and table[other].notna().all()
        )
    sentence = finding.finding(study)
    assert (
        f"{missing} is missing" in sentence
        and f"({other} +" in sentence
        and "nan" not in sentence
    )
    assert ("the only one" if title == "single" else "none is held out") in sentence


@pytest.mark.parametrize(
    ("languages", "told"),
    [(("fr", "sw"), "English is not among"), (("en",), "English is the only language")],
)
def test_languages_without_an_english_vector_are_said(home, languages, told):
    assert told in finding.finding(
        swept("-".join(languages), given=questions(languages))
    )


def changed(gain, erasure, spread=0.01):
    """An effect with intervals."""
    ends = [(value - spread, value + spread) for value in (gain, erasure)]
    return localisation.Effect(
        Setting("both", 2, 1.0, 4, 1.0),
        gain,
        ends[0],
        erasure,
        ends[1],
        (5, 5),
        (10, 10),
    )


@pytest.mark.parametrize(
    ("english", "both", "told", "never"),
    [
        (
            (0.1, 0.05),
            (0.09, 0.02),
            "keep 90 % of the gain at 40 % of the cost",
            "not above",
        ),
        (
            (0.1, 0.05),
            (-0.03, 0.02),
            "keep none of the gain (transfer -3.0 points)",
            "-30",
        ),
        (
            (0.1, 0.0004),
            (0.09, 0.03),
            "is not above 0 with its whole interval",
            "of the cost (",
        ),
        ((0.1, np.nan), (0.1, np.nan), "the cost is not known", "nan"),
        (
            (0.1, 0.0004),
            (0.12, -0.03),
            "reach 120 % of the gain and win 3.0 points localisation",
            "cost",
        ),
    ],
)
def test_shares_are_told_only_of_what_is_above_0(english, both, told, never):
    sentence = finding.together(changed(*english), changed(*both))
    assert told in sentence and never not in sentence


def test_front_and_hypervolume_by_hand():
    points = np.array([[0.2, 0.9], [0.5, 0.5], [0.4, 0.4], [0.9, 0.1], [np.nan, 1.0]])
    assert localisation.front(points).tolist() == [0, 1, 3]
    assert localisation.hypervolume(points) == pytest.approx(
        0.2 * 0.9 + 0.3 * 0.5 + 0.4 * 0.1
    )
    assert localisation.hypervolume(points, (0.5, 0.5)) == 0


def test_answers_of_another_method_are_placed(study):
    given = questions()
    rows = pd.DataFrame(
        [
            {
                "item": q.item,
                "kind": q.kind,
                "language": q.language,
                "answer": q.answer,
                "method": "tuned",
            }
            for q in given.questions
            if q.language != "en"
        ]
    )
    answers = other_methods.read_answers(rows.to_csv(index=False).encode(), "tuned.csv")
    table, told = other_methods.place_answers(study, given, answers)
    assert "which are not shown" in told[-1]
    assert table["language"].tolist() == ["fr", "sw"] and (
        table[["transfer", "localisation"]] == 1
    ).all(axis=None)
    half, _ = other_methods.place_answers(
        study, given, answers[answers.index % 3 > 0], None
    )
    assert (half["unanswered"] > 0).all() and half["transfer"].max() < 1
    with pytest.raises(CorpusError, match="held-out question"):
        other_methods.place_answers(study, given, answers.assign(item="none"))
    with pytest.raises(CorpusError, match="no “item”"):
        other_methods.read_answers(b"kind,language,answer\nculture,fr,x\n", "bad.csv")


def unsteered(study, given):
    """A study's own answers before steering, as a file of another method gives them."""
    taken, (kinds, items, _) = (
        localisation.chosen_options(study, "likelihood", True)[0],
        localisation.prompts(study),
    )
    rows = [
        {
            "item": item,
            "kind": kind,
            "language": code,
            "answer": given.table[kind, code, item].options[taken[a, p] - 1],
        }
        for a, code in enumerate(study.languages)
        for p, (kind, item) in enumerate(zip(kinds, items))
        if kind != localisation.NAMED and taken[a, p]
    ]
    return pd.DataFrame(rows).assign(method="own")


@pytest.mark.parametrize("half", [1, None])
def test_a_study_s_own_unsteered_answers_land_on_its_open_marks(study, half):
    given = questions()
    table, _ = other_methods.place_answers(study, given, unsteered(study, given), half)
    marks = localisation.plane(
        study, localisation.chosen_settings(study)["local"], half
    )
    np.testing.assert_array_equal(
        table[["transfer", "localisation"]],
        marks[["transfer before", "localisation before"]],
    )
    assert (table["unanswered"] == 0).all()


def test_answers_that_are_left_out_are_counted(study):
    given = questions()
    own = unsteered(study, given)
    more = [
        own,
        own.head(3).assign(answer="wrong"),
        own.head(4).assign(language="xx"),
        own.head(2).assign(item="u99"),
    ]
    table, told = other_methods.place_answers(study, given, pd.concat(more), None)
    pd.testing.assert_frame_equal(
        table, other_methods.place_answers(study, given, own, None)[0]
    )
    counts = ["4 of", "2 of", "3 of"]
    assert (
        [sentence[:4] for sentence in told] == counts
        and "(xx)" in told[0]
        and "answered before" in told[2]
    )
    table, told = other_methods.place_answers(
        study, given, own[(own["kind"] == "universal") & (own["language"] == "fr")]
    )
    assert (
        table["localisation"].isna().all()
        and table["transfer"].notna().all()
        and "no answer to a culture item in fr" in told[-1]
    )


def test_words_of_a_setting():
    assert Setting().words == "unsteered"
    assert (
        Setting("both", 2, 1.0, 4, 0.5, 1).words
        == "English 1 at layer 2 and local 0.5 at layer 4, random twin 1"
    )
