"""What of a text is lost on a model is told before, left out, and kept in the study."""

from dataclasses import replace

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from analysis.concepts import plan
from analysis.concepts.pairs import ContrastPair, Corpus
from analysis.concepts.readable import readable
from analysis.concepts.recognition import recognition
from analysis.concepts.similarity import similarity
from analysis.concepts.specs import Convention, StudySpec
from analysis.core.errors import CorpusError
from analysis.core.legibility import same_tokens, unknown_note, unknown_share
from analysis.core.specs import ModelSpec
from analysis.questions.questions import read_questions as read_questions_file
from analysis.questions.specs import QuestionSpec
from analysis.study import coverage, library, store
from analysis.words.plan import word_spec
from analysis.words.readers import read_words
from analysis.worker import extraction
from analysis.worker import questions as asking
from analysis.worker.inline import run_inline
from tests import reading
from tests.tiny import build

LATIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .|"
WORDS = {
    "en": ("The {} judge number {} spoke.", "fair", "unfair"),
    "ta": ("{}{}", "", ""),
    "fr": ("Le juge {} {} parle.", "juste", "injuste"),
}


def latin_only() -> PreTrainedTokenizerFast:
    """One token per Latin letter; every other letter is the unknown token."""
    tokens = ["<pad>", "<s>", "</s>", "<unk>", *LATIN]
    inner = Tokenizer(
        models.WordPiece(
            {token: i for i, token in enumerate(tokens)}, unk_token="<unk>"
        )
    )
    inner.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    inner.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=inner,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
    )


def corpus(pairs=10) -> Corpus:
    """Pairs of one concept in three languages; two of the French ones differ in nothing
    that the tokenizer knows.
    """
    made = []
    for language, (text, good, bad) in WORDS.items():
        for i in range(pairs):
            positive, negative = text.format(good, i), text.format(bad, i)
            if language == "ta":
                positive, negative = "நம", "மந"
            if language == "fr" and i < 2:
                positive, negative = f"é {i}", f"è {i}"
            made.append(ContrastPair(str(i), "fair", language, positive, negative))
    return Corpus("letters", tuple(made))


def spec(given, **more) -> StudySpec:
    return StudySpec(
        ModelSpec("latin"), given.name, given.digest, ("fair",), tuple(WORDS), **more
    )


@pytest.fixture
def latin(home, tmp_path, monkeypatch):
    """A tiny model that knows Latin letters only, in a listed folder."""
    folder = tmp_path / "models" / "latin"
    build().save_pretrained(folder)
    latin_only().save_pretrained(folder)
    monkeypatch.setenv("BABELSCOPE_MODELS", str(folder.parent))


def test_unknown_tokens_and_texts_that_become_the_same():
    tokenizer = latin_only()
    assert unknown_share(tokenizer, ["abc", "ab"]) == 0
    assert unknown_share(tokenizer, ["abé"]) == pytest.approx(1 / 3)
    assert unknown_share(tokenizer, []) == 0
    same = same_tokens(tokenizer, "none", ["é", "a", "a"], ["è", "a", "b"])
    assert same == [True, True, False]
    assert unknown_note({"en": 0.0}) == ""
    note = unknown_note({"en": 0.0, "ta": 0.5, "fr": 0.001})
    assert "ta 50 %, fr under 1 %" in note and "en 0" not in note


def test_pairs_that_a_model_reads_alike_are_left_out_and_told(latin):
    given, said = corpus(), []
    task = extraction.extract_study(spec(given), given, "Letters", {})
    name = run_inline(task, on_notice=said.append)
    study = library.open_by_name(name)
    assert study.complete
    known = study.manifest
    told = {each.language: each for each in known.left_out}
    assert told["fr"].pairs == ("0", "1") and told["fr"].alike == 2
    assert told["ta"].pairs == tuple(map(str, range(10)))
    assert [tuple(cell) for cell in known.absent] == [(0, 1)], "no Tamil cell"
    counts = known.pair_table("fair").counts
    assert (counts["en"].train + counts["en"].test) == 10
    assert (counts["fr"].train + counts["fr"].test) == 8 and "ta" not in counts
    assert any("ta 100 %" in sentence for sentence in said)
    assert any("fr: 2 pairs are left out" in sentence for sentence in said)
    assert any("ta: 10 pairs" in sentence for sentence in known.notes)
    cosine = similarity(study).cosine
    assert np.isnan(cosine.sel(source="ta")).all()
    assert np.isfinite(cosine.sel(source="en", target="fr"))
    accuracy = recognition(study, Convention("fixed", "half", 1)).accuracy
    assert np.isnan(accuracy.sel(language="ta")).all()


def test_a_concept_of_which_nothing_is_read_is_refused(latin):
    tamil = [pair for pair in corpus().pairs if pair.language == "ta"]
    given = Corpus("tamil", tuple(tamil))
    wanted = replace(spec(given), languages=("ta",))
    with pytest.raises(CorpusError, match="10 in ta.*nothing to read"):
        run_inline(extraction.extract_study(wanted, given, "Tamil", {}))
    assert not list(store.root().iterdir())


def test_check_tells_before_anything_is_read(latin):
    given = corpus()
    pairs = extraction.chosen_pairs(given, spec(given))
    seen = run_inline(extraction.check_model(ModelSpec("latin"), "none", pairs))
    assert seen.legible["ta"] == (1.0, 10, 10)
    assert seen.legible["en"] == (0.0, 10, 0)
    assert seen.legible["fr"].alike == 2 and 0 < seen.legible["fr"].unknown < 0.2
    assert seen.prompt.written == "<s>{text}" and seen.suggested == "none"


class Deaf(reading.FakeReader):
    """Hears no difference between some members."""

    def alike(self, first, second):
        return [text.endswith((" 1", " 7")) and " fr " in text for text in first]


def test_left_out_pairs_change_nothing_elsewhere_and_are_kept_for_going_on(home):
    given = reading.corpus()
    hears = plan.begin(reading.spec(given), given, reading.FakeReader(), "hears")
    plan.run(hears, given, reading.FakeReader())
    deaf = plan.begin(reading.spec(given), given, Deaf(), "deaf")

    def stop(done, of, cell):
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        plan.run(deaf, given, Deaf(), stop)
    # Another version may hear better; what was left out stays so.
    plan.run(deaf, given, reading.FakeReader())
    assert not coverage.missing_pairs(store.read_manifest(deaf))
    study, whole = (library.open_by_name(each.name) for each in (deaf, hears))
    known = study.manifest
    assert [(each.language, each.pairs) for each in known.left_out] == [
        ("fr", ("01", "07"))
    ] * 2
    for language, same in (("en", True), ("zh", True), ("fr", False)):
        found = study.array("concept_vector").sel(language=language).values
        expected = whole.array("concept_vector").sel(language=language).values
        assert np.array_equal(found, expected) == same
    for concept in reading.CONCEPTS:
        counts = known.pair_table(concept).counts["fr"]
        assert counts.train + counts.test == 18


def test_a_study_without_such_pairs_says_nothing_of_them(home):
    given = reading.corpus()
    folder = plan.begin(reading.spec(given), given, reading.FakeReader(), "all")
    assert "left_out" not in (folder / store.MANIFEST).read_text()
    assert readable(given, store.read_manifest(folder).left_out) is given


def test_unknown_tokens_of_words_and_questions_are_told(latin):
    said = []
    words = read_words(
        "concept,en,ta\nwater,water,நீர் a\nfire,fire,a தீ\n".encode(), "w.csv"
    )
    wanted = word_spec(ModelSpec("latin"), words, ("last token",))
    run_inline(extraction.embed_words(wanted, words, "Words"), on_notice=said.append)
    assert any("unknown tokens are ta" in sentence for sentence in said)
    said.clear()
    rows = [f"{i},ta,நீர் {i}?,a{i},a{i}|b{i}" for i in range(4)]
    rows += [f"{i},en,Water {i}?,a{i},a{i}|b{i}" for i in range(4)]
    text = "\n".join(["item,language,question,answer,options", *rows])
    questions = read_questions_file(text.encode(), "q.csv")
    wanted = QuestionSpec(
        ModelSpec("latin"),
        questions.name,
        questions.digest,
        questions.languages,
        "none",
    )
    task = asking.read_questions(wanted, questions, "Asked")
    run_inline(task, on_notice=said.append)
    assert any("unknown tokens are ta" in sentence for sentence in said)
