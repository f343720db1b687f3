"""What the worker can be asked to do to make studies and control runs.

Check a model, extract a study, embed words, go on with any of them, compute a control run.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from analysis.concepts import plan, study_memory
from analysis.concepts.corpora import find, keep
from analysis.concepts.pairs import ContrastPair, Corpus
from analysis.concepts.readable import notes_on, read_alike
from analysis.concepts.specs import StudySpec
from analysis.control import plan as control_plan
from analysis.control import store as control
from analysis.core.errors import ModelError, StudyError
from analysis.core.legibility import same_tokens, unknown_notes, unknown_share
from analysis.core.model_kinds import BOTH, KINDS, Abilities, usual_position
from analysis.core.positions import LAST, USUAL
from analysis.core.specs import DECODER, ModelSpec
from analysis.core.templates import (
    PromptForm,
    apply_template,
    default_template,
    is_whole,
    last_tokens,
    prompt_form,
    prompt_ids,
)
from analysis.core.tokenizer import Tokenizer
from analysis.study import commits, coverage, library, stop_mark, store, together
from analysis.study.manifest import WordsPart
from analysis.study.together import Progress, Shard
from analysis.study.word_list import WordList
from analysis.words import plan as words
from analysis.words.specs import WordSpec
from analysis.worker.adapters import (
    pinned,
    position_readers,
    stack_read,
    template_reader,
)
from analysis.worker.plane import go_on_sweeping
from analysis.worker.prompts import check_prompt, prompt_of, template_notes
from analysis.worker.questions import go_on_asking
from analysis.worker.same_files import check_files, facts_of, hold_to_files
from analysis.worker.sentences import go_on_reading
from analysis.worker.service import Job, Pool, Task
from analysis.worker.stops import stopped_with_others
from analysis.worker.trials import go_on_trying

if TYPE_CHECKING:
    from analysis.model.load import Loaded, Preflight
    from analysis.worker.reader import ModelReader

AFTER_ALL = ("plane-", "trial_")
"""How files of sweeps and trials begin, which are computed after everything else."""
PROBES = 16
"""Texts on which the precision is compared with float32."""


@dataclass(frozen=True)
class Check:
    """What a look at a model before loading it tells; sizes in bytes."""

    family: str
    layers: int
    hidden: int
    parameters: int
    needed: int
    available: int
    place: str
    revision: str
    bfloat16: bool
    fits: bool
    tails: Mapping[str, list[str]]
    """Language → last tokens of a formatted prompt; the last of them is read."""
    template: str
    """The one that was looked at."""
    prompt: PromptForm
    """What stands around a text."""
    suggested: str
    """The template that fits the model."""
    legible: Mapping[str, "Legible"]
    """Language → how much of its texts reaches the model."""
    kind: str
    stack: str
    position: str
    """Where in a text, and in which stack, states would be read."""

    @property
    def reads_last(self) -> bool:
        """Whether the last of these tokens is read, and no other."""
        return self.position == LAST and not (
            self.kind == BOTH and self.stack == DECODER
        )

    @property
    def abilities(self) -> Abilities:
        """What can be done with the model."""
        return KINDS[self.kind]


class Legible(NamedTuple):
    """How much of a language's pairs reaches a model.

    ``unknown`` is the share of unknown tokens; of ``alike`` pairs both members are the
    same tokens.
    """

    unknown: float
    pairs: int
    alike: int


def check_model(
    spec: ModelSpec,
    template: str,
    pairs: Sequence[ContrastPair],
    position: str = USUAL,
    split: str = study_memory.USUAL_FOLDS,
) -> Task[Check]:
    """A task that looks at a model without its weights.

    It estimates what the model and a study of these pairs take, and shows which token of
    each language's texts it would read, and how much of them is lost on it.
    """
    return partial(checked_model, spec, template, pairs, position, split)


def checked_model(
    spec: ModelSpec,
    template: str,
    pairs: Sequence[ContrastPair],
    position: str,
    split: str,
    job: Job,
    pool: Pool,
) -> Check:
    """What loading a model would take, and what it would read per language."""
    from analysis.model import load

    job.progress(0, 0, f"looking at {spec.model}")
    seen = load.preflight(spec, job.check)
    job.notices.extend(seen.notices)
    tokenizer = load.load_tokenizer(seen.source)
    tails = {}
    legible = {}
    for language, own in by_language(pairs).items():
        job.check()
        (prompt,) = apply_template(template, tokenizer, [own[0].positive])
        tails[language] = last_tokens(tokenizer, prompt, whole=is_whole(template))
        legible[language] = legibility(tokenizer, template, own)
    counter = partial(tokens_in, tokenizer, template)
    needed = needed_to_read(seen, pairs, split, counter).memory
    return Check(
        family=seen.family,
        layers=seen.layers,
        hidden=seen.hidden,
        parameters=seen.parameters,
        needed=needed,
        available=seen.available,
        place=seen.place,
        revision=seen.source.revision,
        bfloat16=load.faster_in_bfloat16(),
        fits=seen.fits and needed <= seen.available,
        tails=tails,
        template=template,
        prompt=prompt_form(template, tokenizer),
        suggested=default_template(spec.model, tokenizer),
        legible=legible,
        kind=seen.kind,
        stack=seen.stack,
        position=position or usual_position(seen.kind),
    )


def tokens_in(tokenizer: Tokenizer, template: str, text: str) -> int:
    """How many tokens a text has behind a template."""
    prompts = apply_template(template, tokenizer, [text])
    return len(prompt_ids(tokenizer, prompts, is_whole(template))[0])


def needed_to_read(
    seen: "Preflight",
    pairs: Sequence[ContrastPair],
    split: str,
    tokens_of: Callable[[str], int],
) -> study_memory.Taken:
    """What a model takes, and a study of these pairs where it is on a processor.

    A study of a model on a GPU takes main memory beside it, which is not looked at.
    """
    counts = study_memory.counts_of(pairs)
    batch = study_memory.largest_batch(pairs, counts, tokens_of, seen.device)
    needed = seen.needed_with(batch)
    own = study_memory.taken(counts, split, seen.layers, seen.hidden)
    beside = own.memory if seen.device == "cpu" else 0
    return study_memory.Taken(needed + beside, own.disk)


def by_language(pairs: Sequence[ContrastPair]) -> dict[str, list[ContrastPair]]:
    """Pairs of each language."""
    found: dict[str, list[ContrastPair]] = {}
    for pair in pairs:
        found.setdefault(pair.language, []).append(pair)
    return found


def legibility(
    tokenizer: Tokenizer, template: str, pairs: Sequence[ContrastPair]
) -> Legible:
    """How much of some pairs reaches a model behind a template."""
    same = read_alike(pairs, partial(same_tokens, tokenizer, template))
    return Legible(
        unknown=unknown_share(tokenizer, members_of(pairs)),
        pairs=len(pairs),
        alike=len(same),
    )


def members_of(pairs: Sequence[ContrastPair]) -> list[str]:
    """All texts of some pairs."""
    texts = []
    for pair in pairs:
        texts += [pair.positive, pair.negative]
    return texts


def chosen_pairs(corpus: Corpus, spec: StudySpec) -> list[ContrastPair]:
    """The pairs of a corpus that a study reads."""
    found = []
    for language in spec.languages:
        for concept in spec.concepts:
            found += corpus.select(concept, language)
    return found


def extract_study(
    spec: StudySpec,
    corpus: Corpus,
    title: str,
    facts: Mapping[str, Any],
    shard: Shard | None = None,
) -> Task[str]:
    """A task that makes a study, or goes on with the unfinished one of the same spec.

    It gives the study's name. ``facts`` go into the manifest, such as the
    ``share_percent`` that the user gave. As ``shard`` it is one of several that do so.
    """
    return partial(extracted_study, spec, corpus, title, facts, shard)


def extracted_study(
    spec: StudySpec,
    corpus: Corpus,
    title: str,
    facts: Mapping[str, Any],
    shard: Shard | None,
    job: Job,
    pool: Pool,
) -> str:
    """The name of a study that was made, or gone on with."""
    plan.check_wanted(spec, corpus)
    loaded = pool.get(spec.model, job)
    exact_spec = pinned(spec, loaded)
    reader = template_reader(loaded, exact_spec, job)
    keep(corpus)
    measured = {"precision": precision(pool, exact_spec, corpus, reader, job)}
    job.notices += unknown_letters(loaded.tokenizer, corpus, exact_spec)
    job.notices += template_notes(spec.template, loaded)
    prompt = prompt_of(spec.template, loaded.tokenizer)
    known = {
        **facts,
        **measured,
        **weights_of(loaded),
        **facts_of(loaded),
        "prompt": prompt,
        "read": reader.read,
    }
    folder = store.root() / store.name_of(exact_spec, title)
    if shard is not None and is_complete(folder):
        # The others were done while this one read its model.
        return folder.name
    folder = plan.begin(exact_spec, corpus, reader, title, known)
    check_study_prompt(folder, exact_spec, loaded)
    hold_to_files(folder, loaded)
    job.notices += notes_on(store.read_manifest(folder).left_out or ())
    with stopped_with_others(folder, job):
        extract_cells(folder, corpus, reader, job, shard)
    return folder.name


def is_complete(folder: Path) -> bool:
    """Whether a study is there, and nothing of it is missing."""
    return folder.is_dir() and not coverage.missing_cells(store.read_manifest(folder))


def weights_of(loaded: "Loaded") -> dict[str, Any]:
    """How the weights of a model were stored, for a manifest; nothing for plain numbers."""
    return {"weights": dict(loaded.stored)} if loaded.stored else {}


def unknown_letters(tokenizer: Tokenizer, corpus: Corpus, spec: StudySpec) -> list[str]:
    """What the tokenizer does not know of the pairs, in a sentence or none."""
    texts = {}
    for language, pairs in by_language(chosen_pairs(corpus, spec)).items():
        texts[language] = members_of(pairs)
    return unknown_notes(tokenizer, texts)


def unknown_letters_of_words(
    tokenizer: Tokenizer, chosen: WordList, spec: WordSpec
) -> list[str]:
    """The same of words."""
    texts = {}
    for language in spec.languages:
        texts[language] = [word for word in chosen.words(language) if word]
    return unknown_notes(tokenizer, texts)


def resume_study(name: str, shard: Shard | None = None) -> Task[str]:
    """A task that goes on with an unfinished study; it gives the study's name.

    As ``shard`` it is one of several that do so; and so it is where others do already.
    """
    return partial(gone_on, name, shard)


def gone_on(name: str, shard: Shard | None, job: Job, pool: Pool) -> str:
    """The name of a study that is gone on with until all who compute it are to stop."""
    folder = store.root() / name
    if shard is None:
        # Whoever asks for it by name wants others to take part again.
        stop_mark.take_away(folder)
    with stopped_with_others(folder, job):
        return resumed_study(name, shard, job, pool)


def resumed_study(name: str, shard: Shard | None, job: Job, pool: Pool) -> str:
    """The name of a study in which nothing is missing any more."""
    folder = store.root() / name
    manifest = store.read_manifest(folder)
    if commits.are_shared(folder):
        shard = shard or Shard()
    if coverage.lacks_means(manifest):
        raise StudyError(
            f"The import of “{manifest.title}” ended before its means were kept. Delete "
            "this study and import the files again."
        )
    if coverage.missing_pairs(manifest):
        spec = manifest.spec_as(StudySpec)
        corpus = find(spec.corpus_digest)
        loaded = pool.get(spec.model, job)
        check_study_prompt(folder, spec, loaded)
        hold_to_files(folder, loaded)
        reader = template_reader(loaded, spec, job)
        extract_cells(folder, corpus, reader, job, shard)
    go_on_with_words(name, job, pool, shard)
    go_on_reading(name, job, pool, shard)
    go_on_asking(name, job, pool, shard)
    if shard is not None and are_unfolded(folder):
        together.settle(folder, job.progress, shard)
    go_on_sweeping(name, job, pool, shard)
    go_on_trying(name, job, pool, shard)
    if shard is not None:
        together.settle(folder, job.progress, shard)
    return name


def are_unfolded(folder: Path) -> bool:
    """Whether all were killed who were to fold what comes before sweeps and trials.

    Whoever folds those would put other files together.
    """
    return any(not file.startswith(AFTER_ALL) for file in commits.told_files(folder))


def go_on_with_words(name: str, job: Job, pool: Pool, shard: Shard | None) -> None:
    """Read what is left of a study's words, if anything is."""
    folder = store.root() / name
    # Read again: others may have gone on since.
    manifest = store.read_manifest(folder)
    if not coverage.missing_words(manifest):
        return
    spec = manifest.part(WordsPart).spec_as(WordSpec)
    loaded = pool.get(spec.model, job)
    hold_to_files(folder, loaded)
    readers = position_readers(loaded, spec, job)
    if shard is None:
        words.run(folder, readers, job.progress)
    else:
        words.run_together(folder, readers, shard, job.progress)


def extract_cells(
    folder: Path, corpus: Corpus, reader: "ModelReader", job: Job, shard: Shard | None
) -> None:
    """Compute the cells of contrast pairs that are missing, alone or with others."""
    if shard is None:
        plan.run(folder, corpus, reader, job.progress)
    else:
        plan.run_together(folder, corpus, reader, shard, job.progress)


def check_study_prompt(folder: Path, spec: StudySpec, loaded: "Loaded") -> None:
    """StudyError when a study's first cells were read in another prompt."""
    kept = store.read_manifest(folder).prompt
    check_prompt(kept, spec.template, loaded.tokenizer, folder.name)


def embed_words(
    spec: WordSpec, chosen: WordList, title: str, study: str = ""
) -> Task[str]:
    """A task that adds word vectors to a study of the same model, or makes a new one.

    It gives the study's name; one that comes with Babelscope is copied first.
    """
    return partial(embedded_words, spec, chosen, title, study)


def embedded_words(
    spec: WordSpec, chosen: WordList, title: str, study: str, job: Job, pool: Pool
) -> str:
    """The name of a study with word vectors."""
    name = begun_words(spec, chosen, title, study, job, pool)
    loaded = pool.get(spec.model, job)
    readers = position_readers(loaded, pinned(spec, loaded), job)
    words.run(store.root() / name, readers, job.progress)
    return name


def begin_words(
    spec: WordSpec, chosen: WordList, title: str, study: str = ""
) -> Task[str]:
    """A task that begins what ``embed_words`` does, and leaves the words to others."""
    return partial(begun_words, spec, chosen, title, study)


def begun_words(
    spec: WordSpec, chosen: WordList, title: str, study: str, job: Job, pool: Pool
) -> str:
    """The name of a study in which words are to be read."""
    loaded = pool.get(spec.model, job)
    exact_spec = pinned(spec, loaded)
    readers = position_readers(loaded, exact_spec, job)
    job.notices += unknown_letters_of_words(loaded.tokenizer, chosen, exact_spec)

    read = stack_read(loaded)

    def begin(folder: Path | None = None) -> Path:
        return words.begin(exact_spec, chosen, readers, title, folder, read)

    folder = library.begin_in(study, begin) if study else begin()
    hold_to_files(folder, loaded)
    return folder.name


def control_run(
    name: str, most: int = 0, shard: Shard | None = None
) -> Task[control.Run]:
    """A task that goes on with a control run, and gives the run.

    It computes ``most`` cells at most; 0: it goes on to the end. As ``shard`` it is one
    of several that do so; and so it is where others do already.
    """
    return partial(continued_run, name, most, shard)


def continued_run(
    name: str, most: int, shard: Shard | None, job: Job, pool: Pool
) -> control.Run:
    """A control run that is gone on with until all who compute it are to stop."""
    control.make_own(name)
    folder = control.folder_of(name)
    if shard is None:
        stop_mark.take_away(folder)
    with stopped_with_others(folder, job):
        return with_more_cells(name, most, shard, job, pool)


def with_more_cells(
    name: str, most: int, shard: Shard | None, job: Job, pool: Pool
) -> control.Run:
    """A control run with more of its cells."""
    from analysis.worker.speaker import ModelSpeaker

    run = control.open_run(name)
    control.check_vectors(run)

    def report(done: int, total: int, doing: str = "") -> None:
        # Between cells no hook is on the model: others may be answered.
        job.give_way()
        job.progress(done, total, doing)

    loaded = pool.get(run.spec.model, job)
    job.notices += template_notes(run.spec.template, loaded)
    check_files(library.open_by_name(run.spec.study).manifest, loaded)
    if commits.are_shared(run.folder) and not most:
        shard = shard or Shard()
    if shard is not None:
        run = prompted_once(run, loaded, report)
    settle = partial(settle_prompt, run, loaded)
    speaker = ModelSpeaker(loaded, run.spec, job.check, settle)
    if shard is None:
        return control_plan.compute(name, speaker, report, most)
    return control_plan.compute_together(name, speaker, report, shard)


def prompted_once(
    run: control.Run, loaded: "Loaded", progress: Progress
) -> control.Run:
    """A run whose prompt is kept, before several processes share it, by one of them."""

    def is_due() -> bool:
        known = control.open_run(run.name)
        return known.manifest.prompt is None and not known.done

    def keep_prompt() -> None:
        with store.writing(run.folder):
            settle_prompt(control.open_run(run.name), loaded)

    together.once(is_due, keep_prompt, progress)
    return control.open_run(run.name)


def settle_prompt(run: control.Run, loaded: "Loaded") -> None:
    """Keep what stands around a text when a run begins; later it must be the same."""
    template = run.spec.template
    if run.manifest.prompt is None and not run.done:
        control.keep_prompt(run, prompt_of(template, loaded.tokenizer))
        return
    check_prompt(run.manifest.prompt, template, loaded.tokenizer, run.name)


def precision(
    pool: Pool, spec: StudySpec, corpus: Corpus, reader: "ModelReader", job: Job
) -> dict[str, Any]:
    """Cosine of the states in the chosen precision to those in float32, per layer.

    It is measured on a few texts of the corpus. Empty when the choice is float32; a
    reason instead of numbers when float32 does not fit beside it.
    """
    if spec.model.dtype == "float32" and spec.model.quantisation == "none":
        return {}
    job.progress(0, 0, "comparing the precision with float32")
    texts = probe_texts(corpus, spec)
    exact_model = replace(spec.model, dtype="float32", quantisation="none")
    try:
        loaded = pool.get(exact_model, job)
        exact = template_reader(loaded, spec, job).states(texts)
    except ModelError as error:
        return {"not measured": f"float32 could not be loaded for comparison. {error}"}
    found = mean_cosines(reader.states(texts), exact)
    return {"cosine to float32": found, "texts": len(texts)}


def probe_texts(corpus: Corpus, spec: StudySpec) -> list[str]:
    """A few texts spread over the corpus."""
    texts = []
    for pair in corpus.pairs:
        if pair.language in spec.languages and pair.concept in spec.concepts:
            texts.append(pair.positive)
    step = max(1, len(texts) // PROBES)
    return texts[::step][:PROBES]


def mean_cosines(states: np.ndarray, exact: np.ndarray) -> list[float]:
    """Mean cosine over texts, per layer, of states (text, layer, hidden)."""
    inner = (states * exact).sum(-1)
    lengths = np.linalg.norm(states, axis=-1)
    exact_lengths = np.linalg.norm(exact, axis=-1)
    cosines = inner / lengths / exact_lengths
    return [float(mean) for mean in cosines.mean(0)]
