"""What the worker does with questions, on tiny models: ask, sweep, go on, import.

And options behind one pass.
"""

import numpy as np
import pytest
import xarray as xr

from analysis.core.errors import SpecError
from analysis.core.scores import Scored
from analysis.core.specs import ModelSpec
from analysis.model import option_scoring
from analysis.model.hooks import Row
from analysis.model.lens import logit_lens
from analysis.model.load import load
from analysis.model.option_scoring import option_scores, shared_scores
from analysis.model.scoring import continuations
from analysis.plane import finding
from analysis.plane.specs import SweepSpec
from analysis.questions import plan
from analysis.questions.question_sets import questions_csv
from analysis.questions.questions import UNIVERSAL, Question, Questions
from analysis.questions.specs import QuestionSpec
from analysis.steering.resolve import ResolvedTerm
from analysis.study import library, store
from analysis.study.manifest import AskedItem
from analysis.worker import extraction
from analysis.worker import plane as sweeping
from analysis.worker import questions as asking
from analysis.worker.reader import ModelReader
from analysis.worker.service import Job, Pool
from babelscope import commands
from components.figures import depths
from tests.asking import question_spec, questions
from tests.test_asked import torch_file
from tests.tiny import FAMILIES


def job(stop_after: int | None = None) -> Job:
    """A job; with ``stop_after`` it is stopped when that many cells are done."""
    made = Job(1, "test", "t", lambda job, pool: None)
    if stop_after is not None:
        report = made.progress

        def progress(done: int, total: int, doing: str = "") -> None:
            if done >= stop_after:
                made.cancel.set()
            report(done, total, doing)

        made.progress = progress
    return made


def rows_of(loaded: object) -> tuple[list[Row], list[list[str]]]:
    """Rows of many lengths and steerings with their options."""
    rng = np.random.default_rng(0)
    push = [rng.standard_normal(loaded.hidden) for _ in range(2)]
    everywhere = ResolvedTerm({1: push[0]}, {1: 2.0})
    later = ResolvedTerm(
        {1: push[0], 2: push[1]}, {1: 1.0, 2: -3.0}, "addition", "generated"
    )
    rows = [
        Row("hi there"),
        Row("a"),
        Row("quite a long one", (everywhere,)),
        Row("abc", (later,)),
        Row("abc", (everywhere, later)),
    ]
    return rows, [
        ["ab", "c", "defgh"],
        ["x"],
        ["yes", "no"],
        ["maybe", "so"],
        ["y", "n"],
    ]


@pytest.mark.parametrize("family", FAMILIES)
def test_options_share_a_pass_and_nothing_changes(tiny_models, monkeypatch, family):
    loaded = load(ModelSpec(family, device="cpu"))
    rows, texts = rows_of(loaded)
    lengths = [len(loaded.tokenizer(row.prompt)["input_ids"]) for row in rows]
    monkeypatch.setattr(
        option_scoring, "SHARED_FROM", sorted(lengths)[2] * loaded.hidden
    )
    assert min(lengths) < sorted(lengths)[2] <= max(lengths), "some rows go either way"
    alone = continuations(loaded, rows, texts)
    for way in (shared_scores, option_scores):
        for found, each in zip(way(loaded, rows, texts), alone):
            np.testing.assert_allclose(found.nats, each.nats, atol=1e-4)
            np.testing.assert_array_equal(found.tokens, each.tokens)
        with pytest.raises(SpecError, match="empty"):
            way(loaded, rows[:1], [[""]])


def test_a_large_vocabulary_is_scored_a_few_options_at_a_time(tiny_models, monkeypatch):
    loaded = load(ModelSpec("llama", device="cpu"))
    rows, texts = rows_of(loaded)
    whole = shared_scores(loaded, rows, texts)
    held = []
    logs_of = option_scoring.logs_of

    def watched(logits, wanted):
        held.append(logits.numel())
        return logs_of(logits, wanted)

    most = 6 * 4 * loaded.vocabulary
    monkeypatch.setattr(option_scoring, "logs_of", watched)
    monkeypatch.setattr(option_scoring, "MOST_LOGITS", most)
    for found, each in zip(shared_scores(loaded, rows, texts), whole):
        np.testing.assert_allclose(found.nats, each.nats, atol=1e-5)
    assert len(held) > 1 and max(held) <= most


@pytest.mark.parametrize(("tokens", "expected"), [(7, "alone"), (8, "shared")])
def test_short_prompts_do_not_share_a_pass(tiny_models, monkeypatch, tokens, expected):
    loaded, gone = load(ModelSpec("llama", device="cpu")), []
    scores = Scored(np.zeros(2), np.ones(2, int))
    for name, way in (("shared_scores", "shared"), ("continuations", "alone")):
        monkeypatch.setattr(
            option_scoring, name, lambda *given, way=way: gone.append(way) or [scores]
        )
    monkeypatch.setattr(option_scoring, "SHARED_FROM", 8 * loaded.hidden)
    extra = len(loaded.tokenizer("a")["input_ids"]) - 1
    found = option_scores(loaded, [Row("a" * (tokens - extra))], [["b", "c"]])
    assert found == [scores] and gone == [expected]


def test_the_logit_lens_reads_what_the_head_would_say(tiny_models):
    loaded = load(ModelSpec("llama", device="cpu"))
    states = (
        np.random.default_rng(0)
        .standard_normal((3, 2, loaded.hidden))
        .astype(np.float32)
    )
    shares = logit_lens(loaded)(states, [("oui", "yes")] * 3)
    assert shares.shape == (2, 2) and (shares > 0).all() and (shares.sum(0) < 1).all()
    both = logit_lens(loaded)(states, [("yes", "yours")] * 3)
    assert np.isnan(both).all(), "they begin with the same token: nothing to tell"
    assert logit_lens(loaded).told([("yes", "yours"), ("oui", "yes")]) == 1
    assert sum(
        logit_lens(load(ModelSpec(f, device="cpu"))) is not None for f in FAMILIES
    ) == len(FAMILIES)


@pytest.fixture
def spec(tiny_models):
    """Questions for a tiny model."""
    asked = questions(items=6)
    return QuestionSpec(
        ModelSpec("llama", device="cpu"),
        asked.name,
        asked.digest,
        asked.languages,
        "none",
    ), asked


def test_questions_are_asked_stopped_gone_on_with_and_swept(spec):
    spec, asked = spec
    pool = Pool()
    with pytest.raises(Exception, match="Stopped"):
        asking.read_questions(spec, asked, "asked")(job(1), pool)
    (name,) = [name for name in library.names() if name.startswith("asked")]
    assert library.open_by_name(name).missing == ("questions fr", "questions sw")
    assert extraction.resume_study(name)(job(), pool) == name
    study = library.open_by_name(name)
    assert study.complete and study.has("lens_answers") and study.has("item_local")
    assert study.has("lens_followed"), "how many answers took more than one token"
    assert study.manifest.questions.spec["model"]["revision"] == "local"
    sweep = SweepSpec(
        spec.model,
        asked.name,
        asked.digest,
        asked.languages,
        (1, 2),
        (1.0,),
        "none",
        depths=1,
    )
    with pytest.raises(Exception, match="Stopped"):
        sweeping.run_plane(sweep, asked, name)(job(2), pool)
    assert library.open_by_name(name).missing == ("the rest of the plane",)
    extraction.resume_study(name)(job(), pool)
    study = library.open_by_name(name)
    assert study.complete and finding.finding(study)
    files = store.read_manifest(store.root() / name).files
    assert "plane.safetensors" in files and not any(
        file.startswith("plane-") for file in files
    )
    again = library.open_by_name(library.unpack(library.pack(name), "again.babelscope"))
    np.testing.assert_array_equal(
        again.array("plane_score"), study.array("plane_score")
    )


def test_questions_are_asked_and_swept_from_the_command_line(spec, home, capsys):
    spec, asked = spec
    file = home / "planted.csv"
    file.write_text(questions_csv(asked.questions))
    how = ["--model", "llama", "--device", "cpu", "--template", "none"]
    tried = ["--layers", "1", "2", "--strengths", "1"]
    given = ["ask", str(file), *how, *tried, "--languages", "en", "fr", "--sweep"]
    assert commands.main(given) == 0
    study = library.open_by_name(named(capsys))
    plane = study.manifest.plane.spec
    assert study.complete and study.languages == ("en", "fr")
    assert plane["layers"] == [1, 2] and plane["strengths"] == [1.0]
    more = ["--title", "unswept", "--last-state", "normed"]
    assert commands.main(["ask", str(file), *how, *more]) == 0
    name = named(capsys)
    assert name.startswith("unswept")
    assert not library.open_by_name(name).has("plane_answer")
    again = ["sweep", name, "--layers", "2", "--strengths", "1"]
    for _ in range(2):
        assert commands.main(again) == 0 and named(capsys) == name
    assert library.open_by_name(name).manifest.plane.spec["layers"] == [2]


def named(capsys) -> str:
    """The study that the command named last."""
    line = capsys.readouterr().out.splitlines()[-1]
    return line.split(",")[0].removeprefix("study ")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["sweep"], "Say which study"),
        (["sweep", "bloomz-7.1b"], "was asked no questions"),
        (["ask", "demos"], "demo questions"),
        (["ask", "gone.csv"], "There is no file “gone.csv”"),
        (["words", "nosuch"], "Choose: demo world, Babelscope words, or give a file"),
        (["words", "demo"], "Did you mean “demo world”?"),
        (["means", "nowhere", "--model", "a/b"], "There is no nowhere"),
        (["means", ".", "--model", "demo"], "States of the demo model cannot be"),
        (["means", ".", ".", "--model", "a/b"], "the same name"),
    ],
)
def test_what_the_command_line_cannot_ask_is_said(home, capsys, given, told):
    assert commands.main(given) == 2 and told in capsys.readouterr().err


def test_mean_states_become_a_study(home):
    import torch

    files = {
        f"m.{code}.pt": torch_file(torch.randn(4, 8)) for code in ("en", "fr", "sw")
    }
    name = asking.import_means(files, "owner/name", "Means of something")(job(), Pool())
    study = library.open_by_name(name)
    assert (
        study.array("mean_state").shape == (3, 4, 8)
        and study.model == "owner/name"
        and study.complete
    )


def test_mean_states_become_a_study_from_the_command_line(home, tmp_path, capsys):
    import torch

    folder = tmp_path / "means"
    folder.mkdir()
    for code in ("en", "fr"):
        (folder / f"m.{code}.pt").write_bytes(torch_file(torch.randn(4, 8)))
    (tmp_path / "m.sw.pt").write_bytes(torch_file(torch.randn(4, 8)))
    given = ["means", str(folder), str(tmp_path / "m.sw.pt"), "--model", "owner/name"]
    for _ in range(2):
        assert commands.main([*given, "--title", "Mine"]) == 0
        study = library.open_by_name(named(capsys))
        assert study.languages == ("en", "fr", "sw")
        assert study.model == "owner/name" and study.title == "Mine"
    assert len(list(store.root().iterdir())) == 1


TELUGU = ("తెలుగు", "తమిళం")
"""Two words that begin with the same character, of which the tokenizer knows none."""


def test_the_lens_counts_answers_that_begin_with_a_part_of_a_character(tiny_models):
    """A tokenizer that knows no letter of a script writes bytes of no text."""
    loaded = load(ModelSpec("llama", device="cpu"))
    lens = logit_lens(loaded)
    telugu = TELUGU[0]
    first = loaded.tokenizer.encode(telugu, add_special_tokens=False)[0]
    (alone,) = lens.beginnings([(telugu, "Telugu")])
    assert alone.own.tokens == {first} and not alone.own.paths
    assert lens.told([(telugu, "Telugu"), ("no", "not")]) == 1
    rng = np.random.default_rng(0)
    states = rng.standard_normal((2, 2, loaded.hidden)).astype(np.float32)
    mixed = lens(states, [(telugu, "Telugu"), ("no", "not")])
    alone = lens(states[:1], [(telugu, "Telugu")])
    np.testing.assert_allclose(mixed, alone, rtol=1e-5)
    assert (mixed[0] > 0).all()


def test_answers_that_share_a_part_of_a_character_are_followed_to_where_they_differ(
    tiny_models,
):
    loaded = load(ModelSpec("llama", device="cpu"))
    lens, reader = logit_lens(loaded), ModelReader(loaded, "none")
    answers = [(TELUGU[0], "Telugu"), (TELUGU[1], "Tamil")]
    paths = [next(iter(sides.own.paths)) for sides in lens.beginnings(answers)]
    assert not any(sides.own.tokens for sides in lens.beginnings(answers))
    one, other = paths
    shared = next(i for i, pair in enumerate(zip(one, other)) if pair[0] != pair[1])
    assert shared > 0 and len(one) == len(other) == shared + 1
    texts = ["The language is", "It is"]

    def behind(places, tokens):
        return reader.states_behind([texts[place] for place in places], tokens)

    found = lens(reader.states(texts), answers, behind)
    wanted = [
        chained(loaded, text, path) for text, path in zip(texts, paths, strict=True)
    ]
    np.testing.assert_allclose(found[0, -1], np.mean(wanted), rtol=1e-4)
    assert lens.followed([*answers, ("oui", "yes")]) == 2
    assert found[0, -1] < lens(reader.states(texts), answers)[0, -1], (
        "their first part alone says which script comes, not which word"
    )


def chained(loaded, text, path) -> float:
    """What the model itself gives a path of tokens behind a text."""
    import torch

    ids = loaded.tokenizer(text)["input_ids"]
    share = 1.0
    with torch.inference_mode():
        for token in path:
            said = loaded.model(input_ids=torch.tensor([ids])).logits[0, -1]
            share *= said.softmax(-1)[token].item()
            ids = [*ids, token]
    return share


def test_a_study_reads_on_behind_its_own_questions(tiny_models):
    loaded = load(ModelSpec("llama", device="cpu"))
    lens, reader = logit_lens(loaded), ModelReader(loaded, "none")
    listed = []
    for place, answers in enumerate(zip(TELUGU, ("Telugu", "Tamil"))):
        for code, answer in zip(("te", "en"), answers):
            text = f"Which language is {place} {code}"
            listed.append(Question(f"u{place}", UNIVERSAL, code, text, answer, ()))
    planted = Questions("planted", tuple(listed))
    texts = [each.question for each in listed if each.language == "te"]
    items = tuple(AskedItem(UNIVERSAL, name) for name in ("u0", "u1"))
    asked = plan.Asking(question_spec(planted), planted, items)
    part, local = np.ones(2, np.uint8), np.zeros(2, np.uint8)
    read = plan.ItemsRead(reader.states(texts), part, local, texts)
    made = plan.lensed(lens, reader, asked, "te", read)
    assert made["lens_followed"].tolist() == [2]
    assert made["lens_answers"].tolist() == [2, 2]
    paths = [
        next(iter(sides.own.paths))
        for sides in lens.beginnings(list(zip(TELUGU, ("Telugu", "Tamil"))))
    ]
    wanted = [chained(loaded, text, path) for text, path in zip(texts, paths)]
    np.testing.assert_allclose(made["lens_share"][0, -1], np.mean(wanted), rtol=1e-4)


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"told": 9, "answers": 9}, ""),
        ({"told": 9, "answers": 9, "followed": 0}, ""),
        ({"told": 9, "answers": 9, "followed": 4}, " 4 answers of 9 begin with a part"),
    ],
)
def test_answers_that_were_followed_are_told(attributes, said):
    assert depths.followed(xr.DataArray(0.0, attrs=attributes)).startswith(said)
    assert bool(said) == bool(depths.followed(xr.DataArray(0.0, attrs=attributes)))


def test_answers_that_share_their_letters_are_as_before(tiny_models):
    lens = logit_lens(load(ModelSpec("llama", device="cpu")))
    for follow in (True, False):
        (one, other) = lens.beginnings([("oui", "yes"), ("ouest", "west")], follow)
        assert one.own.tokens and not (one.own.paths or other.own.paths)
