"""Extract tells what a model reads before it is read; pages tell what is null."""

import numpy as np
import pytest

from analysis.concepts import plan
from analysis.concepts.corpora import keep
from analysis.worker.service import DONE
from components.frame import cache
from tests import reading
from tests.chat_models import chat_tokenizer
from tests.test_legibility import Deaf, latin_only
from tests.test_legibility import corpus as letters
from tests.tiny import build
from tests.visits import alive, button, visit, words


@pytest.fixture
def models(fresh, tmp_path, monkeypatch):
    """A chat model with a date, one that knows Latin letters only."""
    for name, tokenizer in (
        ("dated", chat_tokenizer("Llama 3.2, with a date")),
        ("latin", latin_only()),
    ):
        build().save_pretrained(tmp_path / "models" / name)
        tokenizer.save_pretrained(tmp_path / "models" / name)
    monkeypatch.setenv("BABELSCOPE_MODELS", str(tmp_path / "models"))
    keep(letters())


def checked(at):
    """The page when its check has ended."""
    button(at, "Check").click()
    alive(at.run())
    job = next(reversed(cache.service().jobs.values()))
    assert job.finished.wait(60)
    assert job.state == DONE, job.error
    return alive(at.run())


def test_extract_tells_what_the_model_reads(models):
    at = visit("pages/extract.py")
    at.selectbox(key="draft-corpus").set_value(f"letters-{letters().digest}")
    at.selectbox(key="draft-model").set_value("dated")
    alive(at.run())
    assert at.selectbox(key="draft-template").value == "chat"
    at = checked(at)
    assert any("Today Date: 26 Jul 2024" in code.value for code in at.code)
    assert "it is always told 2024-07-26" in words(at)
    at.selectbox(key="draft-template").set_value("none")
    assert "This is a chat model" in words(checked(at))
    at.selectbox(key="draft-model").set_value("latin")
    alive(at.run())
    assert at.selectbox(key="draft-template").value == "none", "it follows the model"
    at = checked(at)
    said = words(at)
    assert "unknown tokens are" in said and "ta 100 %" in said
    assert "Of 12 pairs this model reads both members as the same tokens" in said
    assert "This is a chat model" not in said
    table = next(each.value for each in at.dataframe if "read" in each.value)
    tamil = table[table["language"] == "ta"].iloc[0]
    assert tamil["unknown tokens, %"] == 100 and tamil["pairs read alike"] == "10 of 10"


class Blind(reading.FakeReader):
    """Sees nothing of Chinese."""

    def state(self, text):
        if " zh " in text:
            return np.ones((self.layers, self.hidden), np.float32)
        return super().state(text)


def test_the_overview_tells_which_pairs_were_left_out(home):
    given = reading.corpus()
    folder = plan.begin(reading.spec(given), given, Deaf(), "deaf")
    plan.run(folder, given, Deaf())
    said = words(visit(study=folder.name))
    assert "fairness in fr: 2 pairs are left out, because the model reads both" in said


@pytest.mark.parametrize("page", ["recognition", "similarity", "transfer"])
def test_pages_tell_what_is_null(home, page):
    given = reading.corpus()
    folder = plan.begin(reading.spec(given), given, Blind(), "blind")
    plan.run(folder, given, Blind())
    at = visit(f"pages/{page}.py", study=folder.name)
    assert "Nothing was read of fairness in zh at 3 of 3 layers" in words(at)
