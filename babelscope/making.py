"""Studies made and finished: contrast pairs, words, questions, sweeps, control runs.

Repeating a call is safe: it goes on with what is unfinished, and opens what is complete.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from analysis.concepts.corpora import DEMO as DEMO_CORPUS
from analysis.concepts.pairs import Corpus, leaks, usual_split
from analysis.concepts.plan import check_wanted
from analysis.concepts.specs import StudySpec
from analysis.core import disk
from analysis.core.errors import CorpusError, SpecError, StudyError
from analysis.core.model_names import DEMO
from analysis.core.specs import ModelSpec, Spec, digest
from analysis.plane import plan as plane_plan
from analysis.plane.specs import SweepSpec
from analysis.questions.question_sets import find_questions
from analysis.questions.questions import Questions
from analysis.questions.specs import QuestionSpec
from analysis.sentences.parallel import ParallelText
from analysis.sentences.plan import sentence_spec
from analysis.sentences.readings import USUAL
from analysis.sentences.specs import SentenceSpec
from analysis.study import commits, library, store
from analysis.study.records import WithSpec
from analysis.study.study import Study as Results
from analysis.study.together import Shard, read_shard
from analysis.study.word_list import WordList
from analysis.words.embeddings import usual_embedding
from analysis.words.plan import word_spec
from analysis.words.specs import WordSpec
from analysis.words.word_lists import DEMO as DEMO_WORDS
from analysis.worker import extraction, plane
from analysis.worker import questions as asking
from analysis.worker.cluster import begun_on_cluster, on_cluster
from analysis.worker.engine_study import extract_with, resume_with
from analysis.worker.questions import digests
from analysis.worker.sentences import begin_sentences, go_on_reading, read_sentences
from analysis.worker.service import Job, Pool
from babelscope.inputs import (
    Table,
    kind_of,
    listed,
    model_of,
    pairs_of,
    pinned,
    print_notes,
    questions_of,
    sentences_of,
    template_of,
    words_of,
)
from babelscope.running import note, run, say, sweep_once
from babelscope.study import Study, copies, open_study, study_of

Work = Callable[[Job, Pool], str]
Model = str | ModelSpec
Asked = TypeVar("Asked", StudySpec, WordSpec, SentenceSpec, QuestionSpec)


def extract(
    model: Model,
    pairs: Table | Corpus = DEMO_CORPUS,
    *,
    concepts: Sequence[str] = (),
    languages: Sequence[str] = (),
    estimator: str = "difference of means",
    template: str = "",
    split: str = "",
    last_state: str = "block",
    seed: int = 1,
    position: str = "",
    title: str = "",
    layout: str | Path = "",
    shard: str = "",
    cluster: str = "",
    engine: str = "",
    **loading: str,
) -> Study:
    """Concept vectors of a model from contrast pairs, as a study.

    ``model`` is a hub id, a model of this machine or “demo”; ``pairs`` a file (.csv,
    .jsonl, .zip), a table with its columns, or a corpus. No ``concepts`` or
    ``languages`` are all. No ``template``: that of a chat model, none of others and of
    the demo. No ``split``: that of the corpus where it gives one; else 5 folds, in which
    every pair is held out once, where all concepts have at least 10 independent sources
    in every language; else a fifth held out by pair. ``position`` is “last” or “mean” of
    a text's own tokens; none: the last of a decoder, the mean of an encoder.
    ``loading``: ``revision``, ``dtype``, ``quantisation``, ``device``, ``batches``
    (“packed”: short texts share a row, which takes less time), and ``stack``,
    which is “encoder” (the usual one) or “decoder” of a model that has both.
    ``layout``: what the columns of a file are, by the name of a layout (``babelscope
    layouts``) or in a TOML file; known ones need none. ``shard`` “k/n”: this is one of
    n processes that compute the study together. ``cluster``: the workers of a Dask cluster
    compute it, “local:4”, a scheduler's address or file, or a name of clusters.toml.
    ``engine``: the address of a vLLM server that passed ``babelscope check-engine``
    beside the model; it reads the texts, in its own precision, and the study says so.
    AnalysisError for what cannot be used, with what to do.

    >>> import babelscope as bs
    >>> study = bs.extract("demo", concepts=["fairness"], languages=["en", "fr"])
    >>> study.complete, study.languages
    (True, ('en', 'fr'))
    """
    corpus = pairs_of(pairs, layout)
    chosen = model_of(model, loading)
    spec = StudySpec(
        chosen,
        corpus.name,
        corpus.digest,
        listed("concepts", concepts, corpus.concepts),
        listed("languages", languages, corpus.languages),
        estimator,
        template or template_of(chosen, demo="none"),
        split or usual_split(corpus, concepts),
        last_state,
        seed,
        position,
    )
    check_wanted(spec, corpus)
    print_notes(leaks(corpus, spec.split, spec.concepts, spec.seed))
    if engine:
        check_by_itself(shard, cluster)
        title = title or f"{short_name(spec.model)} on {corpus.name}, by vLLM"
        return open_study(run(extract_with(engine, spec, corpus, title)))
    title = title or f"{short_name(spec.model)} on {corpus.name}"
    name = store.name_of(at_commit(spec), title)
    make = partial(extraction.extract_study, spec, corpus, title, {})
    if cluster and not (store.root() / name).is_dir():
        check_one_way(shard)
        return open_study(run(on_cluster(cluster, make, name), name))
    return finished(name, make(shard_of(shard)), shard, cluster)


def words(
    model: Model,
    words: Table | WordList = DEMO_WORDS,
    *,
    languages: Sequence[str] = (),
    embeddings: Sequence[str] = (),
    layers: Sequence[int] = (),
    last_state: str = "block",
    title: str = "",
    into: str = "",
    layout: str | Path = "",
    cluster: str = "",
    **loading: str,
) -> Study:
    """Word vectors of a model, in a study of their own or ``into`` one of the model.

    ``words`` are a file, a table, a list that ships or a word list; ``layers`` are those
    that are kept (none: all). No ``embeddings``: the last token of a decoder, the mean
    over tokens of an encoder. ``layout``, ``cluster`` and ``loading`` as in ``extract``.

    >>> import babelscope as bs
    >>> bs.words("demo", languages=["en", "fr"], layers=[6]).word_layers
    (6,)
    """
    known = words_of(words, layout)
    chosen = known.within(listed("languages", languages, known.languages))
    of_model = model_of(model, loading)
    spec = word_spec(
        of_model,
        chosen,
        listed("embeddings", embeddings) or (usual_embedding(kind_of(of_model)),),
        layers=listed("layers", layers),
        last_state=last_state,
    )
    title = title or f"{short_name(spec.model)}, {chosen.name}"
    work = extraction.embed_words(spec, chosen, title, into)
    if cluster:
        begin = extraction.begin_words(spec, chosen, title, into)
        work = begun_on_cluster(cluster, begin, extraction.go_on_with_words)
    if into:
        return added(into, "words", at_commit(spec), work, cluster)
    return finished(store.name_of(at_commit(spec), title), work, cluster=cluster)


def sentences(
    model: Model,
    sentences: Table | ParallelText,
    *,
    layout: str | Path = "",
    languages: Sequence[str] = (),
    most: int = 0,
    readings: Sequence[str] = (USUAL,),
    layers: Sequence[int] = (),
    last_state: str = "block",
    title: str = "",
    into: str = "",
    cluster: str = "",
    **loading: str,
) -> Study:
    """States of parallel sentences, in a study of their own or ``into`` one of the model.

    ``sentences`` are a file, a folder or zip of files per language, a table, a text that
    is kept here, or a parallel text; ``most`` are read, the first that all languages have
    (0: all there are). ``layers`` are those whose states are kept (none: all); means of
    languages are kept at every layer. ``layout``, ``cluster`` and ``loading`` as in
    ``extract``.

    >>> import babelscope as bs, pandas as pd
    >>> texts = {"id": [1, 2], "en": ["Anna sings.", "Ben reads."]}
    >>> texts["fr"] = ["Anna chante.", "Ben lit."]
    >>> study = bs.sentences("demo", pd.DataFrame(texts), layers=[6])
    >>> study.sentences.ids, study.language_vector("fr", against="en").dims
    (('1', '2'), ('layer', 'hidden'))
    """
    if most < 0:
        raise SpecError(f"most is {most}; give a number from 1 on, or 0 for all.")
    given = sentences_of(sentences, layout)
    codes = listed("languages", languages, given.languages)
    chosen = given.within(codes, complete=most > 0, most=most)
    spec = sentence_spec(
        model_of(model, loading),
        chosen,
        listed("readings", readings),
        layers=listed("layers", layers),
        last_state=last_state,
    )
    title = title or f"{short_name(spec.model)}, {chosen.name}"
    work = read_sentences(spec, chosen, title, into)
    if cluster:
        begin = begin_sentences(spec, chosen, title, into)
        work = begun_on_cluster(cluster, begin, go_on_reading)
    if into:
        return added(into, "sentences", at_commit(spec), work, cluster)
    return finished(store.name_of(at_commit(spec), title), work, cluster=cluster)


def ask(
    model: Model,
    questions: Table | Questions = DEMO,
    *,
    answers: str = "",
    languages: Sequence[str] = (),
    template: str = "",
    last_state: str = "block",
    most: int = 100,
    seed: int = 1,
    position: str = "",
    title: str = "",
    into: str = "",
    layout: str | Path = "",
    swept: Mapping[str, Any] | None = None,
    cluster: str = "",
    **loading: str,
) -> Study:
    """English and local vectors of a model, from questions that it is asked.

    ``questions`` are a file, a table, “demo” or a question set; ``most`` items of a kind
    are asked. ``answers`` says what the answers of a file are, where they may be several
    things: text, letter, place from 0 or place from 1. No ``template``: that of the model.
    The study is a new one, or ``into`` one of the same model; one that ships is copied
    first. ``swept`` are arguments of ``babelscope.sweep``, which then follows; who resumes
    the study goes on with both. ``position``, ``layout``, ``cluster`` and ``loading`` as in
    ``extract``.

    >>> import babelscope as bs
    >>> study = bs.ask("demo", languages=["en", "fr"], most=8)
    >>> study.has("english_vector")
    True
    """
    asked = questions_of(questions, answers, layout)
    chosen = model_of(model, loading)
    spec = QuestionSpec(
        chosen,
        asked.name,
        asked.digest,
        listed("languages", languages, asked.languages),
        template or template_of(chosen),
        last_state,
        most,
        seed,
        position,
    )
    title = title or f"{short_name(chosen)} asked {asked.name}"
    follows = None if swept is None else partial(sweep_spec, **swept)
    work = asking.read_questions(spec, asked, title, into, follows)
    if cluster:
        begin = asking.begin_questions(spec, asked, title, into, follows)
        work = begun_on_cluster(cluster, begin, asking.go_on_asking)
    exact = at_commit(spec)
    if into:
        open_study(into)
    name = into or store.name_of(exact, title)
    known = having(name, "questions", exact)
    if known and follows:
        layers = open_study(known).layers
        plane_plan.want_sweep(store.root() / known, follows(exact, layers))
    study = resume(known, cluster=cluster) if known else open_study(run(work, name))
    return study if swept is None else sweep(study, **swept)


def sweep(
    study: str | Results,
    *,
    languages: Sequence[str] = (),
    layers: Sequence[int] = (),
    strengths: Sequence[float] = (0.5, 1.0, 2.0),
    template: str = "",
    scoring: str = "likelihood",
    local: str = "own",
    most: int = 100,
    seed: int = 1,
) -> Study:
    """Answers of a study's model while its English and local vectors steer it.

    No ``languages`` are those that were asked, no ``layers`` all. A study that ships is
    copied first. StudyError for one that was asked no questions.

    >>> import babelscope as bs
    >>> study = bs.ask("demo", languages=["en", "fr"], most=4)
    >>> bs.sweep(study, layers=[4], strengths=[1.0], most=4).has("plane_answer")
    True
    """
    known = study_of(study)
    spec = sweep_spec(
        asked_of(known),
        known.layers,
        languages=languages,
        layers=layers,
        strengths=strengths,
        template=template,
        scoring=scoring,
        local=local,
        most=most,
        seed=seed,
    )
    work = plane.run_plane(spec, find_questions(spec.questions_digest), known.name)
    return added(known.name, "plane", spec, work)


def sweep_spec(
    asked: QuestionSpec,
    number: int,
    *,
    languages: Sequence[str] = (),
    layers: Sequence[int] = (),
    strengths: Sequence[float] = (0.5, 1.0, 2.0),
    template: str = "",
    **more: Any,
) -> SweepSpec:
    """The spec of a sweep of a model with a ``number`` of layers; see ``sweep``."""
    return SweepSpec(
        asked.model,
        asked.questions,
        asked.questions_digest,
        listed("languages", languages, asked.languages),
        listed("layers", layers, range(1, number + 1)),
        listed("strengths", strengths),
        template or asked.template,
        **more,
    )


def means(model: str, files: Sequence[str | Path], *, title: str = "") -> Study:
    """A study of mean states in files of tensors, one file per language.

    ``files`` are files or folders; ``model`` names the model that the states are of.
    Nothing in the files can run. CorpusError for files that are absent or alike.

    >>> import babelscope as bs, numpy as np, safetensors.numpy, tempfile
    >>> folder = tempfile.mkdtemp()
    >>> for code in ("en", "fr"):
    ...     states = {"mean": np.ones((6, 8), np.float32)}
    ...     safetensors.numpy.save_file(states, f"{folder}/{code}.safetensors")
    >>> bs.means("owner/name", [folder]).array("mean_state").dims
    ('language', 'layer', 'hidden')
    """
    if model == DEMO:
        raise SpecError(
            "States of the demo model cannot be imported: its study “demo” is made here. "
            "Name the model that the files are of, such as Qwen/Qwen3-0.6B."
        )
    data = {file.name: file.read_bytes() for file in files_in(files)}
    title = title or "Imported means"
    known = imported(title, model, digests(data))
    if known:
        return told_complete(known)
    return open_study(run(asking.import_means(data, model, title)))


def resume(name: str, shard: str = "", cluster: str = "", engine: str = "") -> Study:
    """Go on with an unfinished study, or open it when nothing is missing.

    ``shard`` “k/n”: this is one of n processes that do so together, on any machines that
    share $BABELSCOPE_HOME. ``cluster``: a Dask cluster's workers do, as in ``extract``.
    Where others compute it already, this one takes part. ``engine``: the address of the
    engine that began it.

    >>> import babelscope as bs
    >>> bs.resume("demo").complete
    True
    """
    sweep_once()
    study = open_study(name)
    if study.complete and not commits.are_shared(store.root() / name):
        return told_complete(study)
    if engine:
        check_by_itself(shard, cluster)
        return open_study(run(resume_with(engine, name), name))
    work = extraction.resume_study(name, shard_of(shard))
    if cluster:
        check_one_way(shard)
        make = partial(extraction.resume_study, name)
        work = on_cluster(cluster, make, name)
    return open_study(run(work, name))


def check_by_itself(shard: str, cluster: str) -> None:
    """SpecError where an engine is to be one of several that compute."""
    if shard or cluster:
        raise SpecError(
            "An engine reads a study by itself: several GPUs belong to the server. Leave "
            "shard and cluster out, or the engine."
        )


def check_one_way(shard: str) -> None:
    """SpecError where both a shard and a cluster are given."""
    if shard:
        raise SpecError(
            "Give a shard or a cluster: a cluster's workers are its shards."
        )


def shard_of(text: str) -> Shard | None:
    """Which of several processes this is; None where it works alone."""
    return read_shard(text) if text else None


def finished(name: str, work: Work, shard: str = "", cluster: str = "") -> Study:
    """The study of this name, complete: begun by ``work``, gone on with, or as it is."""
    if (store.root() / name).is_dir():
        return resume(name, shard, cluster)
    return open_study(run(work, name))


def added(name: str, part: str, spec: Spec, work: Work, cluster: str = "") -> Study:
    """A study with one more part: by ``work``, unless it, or a copy, has it already."""
    open_study(name)  # says which there are before a model is loaded
    known = having(name, part, spec)
    if known:
        return resume(known, cluster=cluster)
    return open_study(run(work, name))


def having(name: str, part: str, spec: Spec) -> str:
    """The study of this name, or a copy of it, that has a part; “” if none has."""
    there = library.names()
    for known in (name, *copies(name)):
        if known not in there:
            continue
        entry = open_study(known).manifest.parts.get(part)
        if isinstance(entry, WithSpec) and entry.digest == digest(spec):
            return known
    return ""


def told_complete(study: Study) -> Study:
    """The study itself, having said that nothing is missing."""
    say(f"“{study.name}” is complete: nothing is missing.")
    return study


def imported(title: str, model: str, given: Mapping[str, str]) -> Study | None:
    """The study that was made of these files under this title, if there is one.

    ``given`` are digests of the files by their names. A study that does not say what was
    in its files may be of other ones.
    """
    for path in disk.listed(store.root()):
        if not (path / store.MANIFEST).is_file():
            continue
        study = open_study(path.name)
        known = study.manifest.imported
        if known is None or (study.title, study.model) != (title, model):
            continue
        if not study.missing and known.digests == given:
            return study
        if not study.missing and known.files == tuple(sorted(given)):
            note(
                f"“{study.name}” has the same title and names of files, but what was in "
                "those files differs from these, or is not known. A new study is made "
                "of these."
            )
    return None


def files_in(given: Sequence[str | Path]) -> list[Path]:
    """Files of files and folders; CorpusError for what is absent or named alike."""
    single = isinstance(given, str | Path)
    named = [given] if single else given
    places = [Path(each).expanduser() for each in named]
    absent = [str(place) for place in places if not place.exists()]
    if absent:
        raise CorpusError(f"There is no {', '.join(absent)}.")
    found = []
    for place in places:
        inside = sorted(place.iterdir()) if place.is_dir() else [place]
        found += [path for path in inside if path.is_file()]
    if len({path.name for path in found}) < len(found):
        raise CorpusError("Several files have the same name. Give each language once.")
    return found


def asked_of(study: Results) -> QuestionSpec:
    """What a study was asked; StudyError when that is nothing."""
    asked = study.manifest.questions
    if asked is None:
        raise StudyError(
            f"“{study.title}” was asked no questions. Ask some first: babelscope.ask."
        )
    return asked.spec_as(QuestionSpec)


def short_name(model: ModelSpec) -> str:
    """A model's name without its owner's."""
    return model.model.split("/")[-1]


def at_commit(spec: Asked) -> Asked:
    """The same spec with its model pinned, as the study names itself by it."""
    return replace(spec, model=pinned(spec.model))
