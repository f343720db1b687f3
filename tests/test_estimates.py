"""How long a study takes is reckoned from texts of its own, read as the study reads them."""

import pytest

from analysis.concepts.pairs import ContrastPair, Corpus
from analysis.concepts.specs import StudySpec
from analysis.core.errors import Stopped
from analysis.core.specs import ModelSpec
from analysis.worker import estimates
from analysis.worker.estimates import CellTexts, tokens_of
from analysis.worker.reader import ModelReader
from analysis.worker.service import Job, Pool
from tests.test_extract import loaded


def pairs_of(concept: str, language: str) -> list[ContrastPair]:
    """Six pairs."""
    found = []
    for number in range(6):
        texts = f"{language} gave {number}", f"{language} took {number}"
        found.append(ContrastPair(str(number), concept, language, *texts))
    return found


PAIRS = (
    *pairs_of("kindness", "en"),
    *pairs_of("kindness", "fr"),
    *pairs_of("order", "en"),
    *pairs_of("order", "fr"),
)


def spec_of(*languages: str) -> StudySpec:
    """A study of both concepts."""
    corpus = Corpus("own", PAIRS)
    concepts = ("kindness", "order")
    return StudySpec(ModelSpec("llama"), "own", corpus.digest, concepts, languages)


@pytest.fixture
def reader():
    return ModelReader(loaded(), "none")


@pytest.fixture
def job():
    return Job(1, "me", "time", lambda job, pool: None)


def test_every_text_of_every_cell_is_counted_once(reader, job):
    corpus = Corpus("own", PAIRS)
    cells = estimates.cells_of(spec_of("en", "fr"), corpus, reader, job)
    read = []
    for pair in PAIRS:
        read += [pair.positive, pair.negative]
    assert len(cells) == 4
    assert sum(cell.tokens for cell in cells) == tokens_of(reader, read)


def test_a_language_without_pairs_takes_no_time(reader, job):
    corpus = Corpus("own", PAIRS)
    cells = estimates.cells_of(spec_of("en", "de"), corpus, reader, job)
    assert len(cells) == 2


def test_the_rest_takes_as_long_as_the_sample_did(reader, job, monkeypatch):
    clock = iter(range(100))
    monkeypatch.setattr(estimates.time, "perf_counter", lambda: float(next(clock)))
    monkeypatch.setattr(estimates, "ENOUGH", 2.0)
    cells = [CellTexts(("abcd",), tokens_of(reader, ["abcd"])) for _ in range(10)]
    found = estimates.reckoned(cells, reader, job)
    assert found.seconds == pytest.approx(10)
    assert found.sample == 2 * cells[0].tokens and found.tokens == 10 * cells[0].tokens
    assert found.tokens_a_second == cells[0].tokens


def test_it_can_be_stopped(reader, job):
    job.cancel.set()
    with pytest.raises(Stopped):
        estimates.cells_of(spec_of("en"), Corpus("own", PAIRS), reader, job)


def test_the_task_gives_a_time(job, monkeypatch):
    pool = Pool()
    monkeypatch.setattr(pool, "get", lambda spec, job: loaded())
    monkeypatch.setattr(estimates, "ENOUGH", 0.01)
    found = estimates.time_of_study(spec_of("en"), Corpus("own", PAIRS))(job, pool)
    assert found.seconds > 0 and found.sample > 0
