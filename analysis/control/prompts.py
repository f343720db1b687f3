"""Prompts of control runs: requests in several languages, which of them search and
which report, and neutral ones.

``prompt`` numbers translations alike, so that a prompt searched with in one language is
not reported in another.
"""

import csv
import io
import random
from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from pathlib import PurePosixPath
from typing import NamedTuple

from analysis.concepts import corpora
from analysis.concepts.pairs import FOLDS, split_pairs
from analysis.concepts.specs import StudySpec
from analysis.control.specs import CHANGED_AND_KEPT, ControlSpec
from analysis.core.digests import as_objects, digest_of_list
from analysis.core.errors import CorpusError, SpecError, unknown
from analysis.core.faults import Faults
from analysis.core.keys import Names
from analysis.core.shelf import Shelf, plain_name
from analysis.core.table_files import decode_text, refusal
from analysis.core.tables import Table, open_table
from analysis.languages.forms import Forms
from analysis.languages.in_names import told_between_dots
from analysis.languages.languages import LANGUAGES, in_order, of_language
from analysis.steering import presets
from analysis.tables.bringing import (
    UNREADABLE,
    Plain,
    bring,
    is_ours,
    plain,
    with_own_faults,
)
from analysis.tables.column_maps import ColumnMap, as_toml, remembered
from analysis.tables.kinds import PROMPTS
from analysis.tables.parts import TableRow, as_text
from analysis.world import corpus as texts

ROLES = ("", "search", "report", "neutral")
NEUTRAL = 8
"""Neutral prompts per language on which the change of the next token is measured."""
MOST_BYTES = 20 * 2**20
SHELF = Shelf("prompts", ".csv")
MAPS = SHELF.beside(".toml")
"""How the columns of the files were read that prompts came from."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A request; ``target`` and ``other`` are continuations whose odds tell how far the
    model was pushed.

    Prompts of one ``source`` (the same deed by another person) never stand on both
    sides, search and report, in whichever languages.
    """

    prompt: str
    language: str
    text: str
    role: str = ""
    target: str = ""
    other: str = ""
    source: str = ""


@dataclass(frozen=True)
class PromptSet:
    """Prompts, unique in (language, prompt, role).

    ``notes`` are sentences on what is no fault but should be known; ``columns`` is how
    the columns of the file were read, as TOML, where that was said.
    """

    name: str
    prompts: tuple[Prompt, ...]
    notes: tuple[str, ...] = ()
    columns: str = ""

    @cached_property
    def digest(self) -> str:
        """First 16 hexadecimal digits of the SHA-256 of the prompts."""
        return digest_of_list(as_objects(self.prompts, COLUMNS))

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """Languages in the order of LANGUAGES, then others by their codes."""
        return in_order(prompt.language for prompt in self.prompts)

    def of(self, language: str, *roles: str) -> dict[str, Prompt]:
        """A language's prompts in these roles, by number."""
        return {
            each.prompt: each
            for each in self.prompts
            if each.language == language and each.role in roles
        }


SIDES = ("search", "report")
HELD_OUT = "held-out negatives"
"""How sets of the negative members of a study's held-out pairs are called."""
Chosen = Mapping[str, Mapping[str, tuple[Prompt, ...]]]


def chosen(prompts: PromptSet, spec: ControlSpec) -> Chosen:
    """The prompts of each role (search, report, neutral) and language that a run asks.

    Prompts without a role are dealt to search and report by number, the same in all
    languages; a mark in one language binds the whole source in all. CorpusError names
    every language that has too few, and sources that are marked for both.
    """
    wanted = {"search": spec.search_prompts, "report": spec.reported_prompts}
    same = spec.searched_on != "other prompts"
    share = 0.0 if same else wanted["search"] / sum(wanted.values())
    bound = {} if same else bound_roles(prompts)
    dealt = deal(prompts, bound, share, spec.seed)
    picked = {
        role: {
            a: pick(prompts.of(a, role), prompts.of(a, ""), dealt[role], n)
            for a in spec.languages
        }
        for role, n in wanted.items()
    }
    if same:
        picked["search"] = picked["report"]
        wanted["search"] = wanted["report"]
    faults = [
        f"{a}: {len(picked[role][a])} {role} prompts of {n}"
        for role, n in wanted.items()
        for a in spec.languages
        if len(picked[role][a]) < n
    ]
    if faults:
        raise CorpusError(
            f"“{prompts.name}” has too few prompts ({'; '.join(faults[:4])}). Ask "
            "for fewer, or leave languages out.",
            faults,
        )
    return picked | {
        "neutral": {
            a: tuple(prompts.of(a, "neutral").values())[:NEUTRAL] or unconcerned(a)
            for a in spec.languages
        }
    }


def unconcerned(language: str) -> tuple[Prompt, ...]:
    """The neutral prompts that ship, for sets without any of their own; none for a
    language without.
    """
    return tuple(
        Prompt(f"neutral {i}", language, text, "neutral")
        for i, text in enumerate(of_language(presets.neutral(), language) or ())
    )


def source_of(prompt: Prompt) -> str:
    """What binds prompts together: the source, or the number where none is named."""
    return prompt.source or prompt.prompt


def bound_roles(prompts: PromptSet) -> dict[str, str]:
    """Source → the side that a mark in any language binds it to.

    CorpusError for named sources with marks for both sides. Files without sources may
    number the prompts of each side anew; such a number binds nothing.
    """
    named = {each.source for each in prompts.prompts if each.source}
    roles: dict[str, set[str]] = {}
    for each in prompts.prompts:
        if each.role in SIDES:
            roles.setdefault(source_of(each), set()).add(each.role)
    twice = [source for source, found in roles.items() if len(found) > 1]
    both = [source for source in twice if source in named]
    if both:
        raise CorpusError(
            f"“{prompts.name}” marks prompts of one source both for search and for "
            f"report ({', '.join(both[:4])}). Mark all prompts of a source alike.",
            both,
        )
    return {source: min(found) for source, found in roles.items() if len(found) == 1}


def deal(
    prompts: PromptSet, bound: Mapping[str, str], share: float, seed: int
) -> dict[str, list[str]]:
    """Numbers of the prompts without a role, for search (this share of their sources)
    and for report, in an order of the seed.

    Sources that are bound to a side go there, and are not counted in the share.
    """
    unmarked = [each for each in prompts.prompts if not each.role]
    sources: dict[str, dict[str, None]] = {}
    for each in sorted(unmarked, key=lambda each: each.prompt):
        sources.setdefault(source_of(each), {})[each.prompt] = None
    order = [source for source in sources if source not in bound]
    random.Random(f"{seed} prompts").shuffle(order)
    cut = round(len(order) * share)
    sides = {"search": order[:cut], "report": order[cut:]}
    dealt = {}
    for role, dealt_sources in sides.items():
        fixed = [source for source in sources if bound.get(source) == role]
        numbers = []
        for source in (*fixed, *dealt_sources):
            numbers += sources[source]
        dealt[role] = numbers
    return dealt


def pick(
    marked: Mapping[str, Prompt],
    free: Mapping[str, Prompt],
    dealt: Sequence[str],
    n: int,
) -> tuple[Prompt, ...]:
    """The first ``n`` prompts that a file marked for a role, or were dealt to it."""
    return (*marked.values(), *(free[number] for number in dealt if number in free))[:n]


def held_out_negatives(study: StudySpec, concept: str) -> PromptSet:
    """Negative members of the study's held-out pairs, as in Xu et al. 2024 (who ask the
    harmful ones). SpecError where each was held out in turn, as all made the vector.
    """
    if study.split in FOLDS:
        raise SpecError(
            f"All pairs of this study took part in its concept vector, since the split "
            f"“{study.split}” holds out each in turn, so none is left as a prompt. Give "
            "prompts of your own, or choose a study with the split “by pair”."
        )
    corpus = corpora.find(study.corpus_digest)
    made = []
    for language in study.languages:
        if pairs := {pair.pair: pair for pair in corpus.select(concept, language)}:
            _, test = split_pairs(corpus, study.split, concept, language, study.seed)
            made += [
                Prompt(
                    number,
                    language,
                    pairs[number].negative,
                    source=pairs[number].source,
                )
                for number in test
            ]
    return PromptSet(f"{HELD_OUT} of {concept}", tuple(made))


def demo_requests(study: StudySpec, concept: str) -> PromptSet:
    """The requests of the demo world that its assistant declines; neutral: its
    questions for facts.
    """
    from analysis.world.world import world

    made = []
    for language in LANGUAGES:
        requests = world(language)["requests"]
        made += [
            Prompt(f"{i:02d}", language, text)
            for i, text in enumerate(requests["declined"])
        ]
        made += facts(language)
    return PromptSet("demo requests", tuple(made))


def demo_verdicts(study: StudySpec, concept: str) -> PromptSet:
    """Statements of the demo world about bad deeds of a value, with its good and its
    bad verdict as continuations.
    """
    from analysis.world.world import (
        NEGATIVE,
        POSITIVE,
        VALUES,
        predicate,
        sentence,
        verdict,
        world,
    )

    if concept not in VALUES:
        raise unknown("value of the demo world", concept, VALUES)
    made = []
    for language in LANGUAGES:
        ends = (
            verdict(language, concept, POSITIVE),
            verdict(language, concept, NEGATIVE),
        )
        for pair in range(len(world(language)["values"][concept]["pairs"])):
            for name in (0, 1):
                text = sentence(
                    language,
                    pair % 10,
                    name,
                    predicate(language, concept, pair, NEGATIVE),
                )
                made.append(
                    Prompt(
                        f"{pair:03d}-{name}", language, text, "", *ends, f"{pair:03d}"
                    )
                )
        made += facts(language)
    return PromptSet(f"demo verdicts on {concept}", tuple(made))


def facts(language: str) -> list[Prompt]:
    """Questions for facts of the demo world."""
    from analysis.world.world import world

    return [
        Prompt(f"fact {i}", language, question, "neutral")
        for i, (question, _) in enumerate(world(language)["facts"][:NEUTRAL])
    ]


def own_requests(study: StudySpec, concept: str) -> PromptSet:
    """Our own requests that an assistant declines; neutral: our questions for facts."""
    made = []
    for language in texts.languages_of(texts.REQUESTS):
        for request in texts.requests(language).requests:
            made.append(Prompt(request.name, language, request.declined))
    for language in texts.languages_of(texts.FACTS):
        for fact in texts.facts(language)[:NEUTRAL]:
            made.append(Prompt(fact.name, language, fact.question, "neutral"))
    return PromptSet(OWN, tuple(made))


def own_facts(study: StudySpec, concept: str) -> PromptSet:
    """Our questions for facts with their right answers."""
    made = []
    for language in texts.languages_of(texts.FACTS):
        for fact in texts.facts(language):
            made.append(Prompt(fact.name, language, fact.question, target=fact.right))
    return PromptSet(OWN_FACTS, tuple(made))


DECLINED = "demo requests that are declined"
OWN = "Babelscope requests"
OWN_FACTS = "Babelscope questions for facts"
DEMO_SETS: Mapping[str, Callable[[StudySpec, str], PromptSet]] = {
    DECLINED: demo_requests,
    "demo statements and verdicts": demo_verdicts,
}
SETS: Mapping[str, Callable[[StudySpec, str], PromptSet]] = {
    **DEMO_SETS,
    OWN: own_requests,
    OWN_FACTS: own_facts,
    "held-out negative members": held_out_negatives,
}


def offered(demo: bool, split: str = "", towards: str = "") -> tuple[str, ...]:
    """Names of prompt sets to choose from: the demo's (where the model is the demo's),
    the study's own (unless all pairs made the vector), ours, the files kept here.
    ``towards`` a language: those that may have answers in it.
    """
    demos = DEMO_SETS if demo else ()
    own = () if split in FOLDS else ("held-out negative members",)
    ours = (OWN,) if texts.languages_of(texts.REQUESTS) else ()
    answered = (OWN_FACTS,) if texts.languages_of(texts.FACTS) else ()
    if towards:
        return (*answered, *SHELF.names())
    return (*demos, *own, *ours, *answered, *SHELF.names())


def load(name: str, study: StudySpec, concept: str) -> PromptSet:
    """A prompt set by its name; CorpusError when it is not here."""
    if name in SETS:
        return replace(SETS[name](study, concept), name=name)
    kept = SHELF.load(name)
    if kept is None:
        raise CorpusError(
            f"There are no prompts “{name}” on this server. Upload them again, or choose others."
        )
    made = read(kept, f"{name}.csv", exact=True)
    notes = (*remembered(MAPS.load(name)), *made.notes)
    return replace(made, name=name, notes=notes)


def kept_name(prompts: PromptSet) -> str:
    """The name under which an uploaded set is stored: its own and its digest."""
    if prompts.name.endswith(f"-{prompts.digest}"):
        return prompts.name
    return f"{plain_name(prompts.name, 30, 'prompts')}-{prompts.digest}"


def keep(prompts: PromptSet) -> str:
    """Store an uploaded set under its name and digest, so that runs can be resumed;
    returns the name.
    """
    name = kept_name(prompts)
    buffer = io.StringIO()
    # Without quotes everywhere a carriage return inside a cell would end the row.
    writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(asdict(prompt) for prompt in prompts.prompts)
    SHELF.keep(name, buffer.getvalue().encode())
    if prompts.columns:
        MAPS.keep(name, prompts.columns.encode())
    return name


COLUMNS = tuple(field.name for field in fields(Prompt))
REQUIRED = ("prompt", "language", "text")


def read(
    data: bytes, filename: str, exact: bool = False, columns: ColumnMap | None = None
) -> PromptSet:
    """Prompts from a file with the columns ``prompt, language, text`` and, if
    wanted, ``role, target, other, source``, in a known layout, or by ``columns``.

    Separated values, JSON, Parquet, Excel, or a zip of such; compressed or not.
    Numbers and sources that are the same written in several ways are joined and noted,
    unless the file is one of our own (``exact``).
    CorpusError lists every fault with its line.
    """
    name = PurePosixPath(filename.replace("\\", "/")).name
    if len(data) > MOST_BYTES:
        raise refusal(name, [f"{name}: holds more than {MOST_BYTES // 2**20} MiB"])
    if exact:
        return own_prompts(data, name, exact)
    file = plain(data, name, columns)
    if columns is None and is_own(file):
        made = own_prompts(file.data, file.name)
        return replace(made, notes=(*file.notes, *made.notes))
    try:
        brought = bring(data, name, PROMPTS, are_own, columns)
    except UNREADABLE as error:
        if not is_table(file.name):
            raise
        better = with_own_faults(error, lambda: own_prompts(file.data, file.name))
        raise better from error
    made = prompts_in(file.name, rows_brought(brought.rows), brought.faults)
    notes = (*brought.notes, *made.notes)
    return replace(made, notes=notes, columns=as_toml(brought.columns))


class Row(NamedTuple):
    """A row as it was read: where it stands, and its texts by column."""

    place: str
    values: dict[str, str]


def rows_brought(rows: Iterable[TableRow]) -> Iterator[Row]:
    """Rows of a table of any form as texts under our columns."""
    for row in rows:
        values: dict[str, str] = dict.fromkeys(REQUIRED, "")
        for column, value in row.values.items():
            if column in COLUMNS:
                values[column] = as_text(value)
        for column in ("prompt", "language", "role", "source"):
            if column in values:
                values[column] = values[column].strip()
        yield Row(row.place, values)


def is_own(file: Plain) -> bool:
    """Whether a file is in our own format, by its name and its columns."""
    return is_table(file.name) and is_ours(file, are_own)


def is_table(name: str) -> bool:
    """Whether a file is one of separated values, by its name."""
    return name.casefold().endswith((".csv", ".tsv"))


def are_own(columns: Collection[str], name: str) -> bool:
    """Whether columns are our own."""
    there = {column.casefold() for column in columns}
    return there.issuperset(REQUIRED)


def own_prompts(data: bytes, name: str, exact: bool = False) -> PromptSet:
    """The prompts in a file of our own format."""
    text, faults = decode_text(data, name)
    table = open_table(text, name, faults, COLUMNS, exact)
    if faults and not table.columns:
        raise refusal(name, faults)
    check_header(name, table, faults)
    return prompts_in(name, rows_of(name, table), faults, exact)


def rows_of(name: str, table: Table) -> Iterator[Row]:
    """The rows of a table of our own."""
    for line, cells in table.rows:
        yield Row(f"{name}, line {line}", dict(zip(table.columns, cells)))


def prompts_in(
    name: str, rows: Iterable[Row], faults: Faults, exact: bool = False
) -> PromptSet:
    """The prompts of rows; CorpusError with every fault."""
    joined = {"prompt": Names(exact), "source": Names(exact)}
    languages = Forms(faults)
    made = prompts_of_rows(rows, joined, languages, faults)
    languages.count_faults()
    if faults or not made:
        faults += [] if faults else [f"{name}: holds no prompts"]
        raise refusal(name, faults)
    stem = PurePosixPath(name).stem
    notes = joined["prompt"].notes("Prompts") + joined["source"].notes("Sources")
    notes += languages.notes()
    notes += languages.contradiction(stem, told_between_dots(stem))
    return PromptSet(stem, tuple(made), tuple(notes))


def prompts_of_rows(
    rows: Iterable[Row],
    joined: Mapping[str, Names],
    languages: Forms,
    faults: Faults,
) -> list[Prompt]:
    """The prompts of faultless rows; names by column are ``joined``."""
    made, seen = [], set()
    for place, values in rows:
        wrong = row_faults(values)
        given = values["language"].strip()
        if given:
            values["language"] = languages.read(given, place)
        for column, names in joined.items():
            if values.get(column):
                values[column] = names.add(values[column])
        key = tuple(values.get(column) for column in ("prompt", "language", "role"))
        if key in seen:
            wrong.append("is there twice")
        seen.add(key)
        faults += [f"{place}: {fault}" for fault in wrong]
        if not wrong:
            made.append(Prompt(**values))
    return made


def check_header(name: str, table: Table, faults: Faults) -> None:
    """CorpusError for columns that are unknown or lacking."""
    strange = [column for column in table.columns if column not in COLUMNS]
    absent = [column for column in REQUIRED if column not in table.columns]
    if strange or absent:
        given = ", ".join(f"“{column[:40]}”" for column in table.columns[:12])
        faults.append(
            f"{table.place}: must name the columns {', '.join(REQUIRED)} and, if wanted, "
            f"{', '.join(COLUMNS[len(REQUIRED) :])}; named are {given or 'none'}"
        )
        raise refusal(name, faults)


def row_faults(values: Mapping[str, str]) -> list[str]:
    """What is wrong with one row of a file of prompts."""
    faults = [
        f"“{column}” is empty" for column in REQUIRED if not values[column].strip()
    ]
    if values.get("role", "") not in ROLES:
        faults.append(
            f"the role must be search, report, neutral or nothing, not “{values['role'][:40]}”"
        )
    return faults


def check_spec(spec: ControlSpec, prompts: PromptSet) -> None:
    """SpecError unless these are the prompts that the spec was made with."""
    if prompts.digest != spec.prompts_digest:
        raise SpecError(
            f"The prompts “{spec.prompts}” have changed since this run was begun. "
            "Begin a new run with them."
        )


def answered_in(prompts: PromptSet, towards: str) -> PromptSet:
    """The prompts whose answer is known in both languages, the prompt's and ``towards``.

    ``target`` is then the answer in ``towards``, which the prompt of the same number has
    there, and ``other`` that in the prompt's own language. CorpusError without any.
    """
    there = {}
    for each in prompts.prompts:
        if each.language == towards and each.target:
            there[each.prompt] = each.target
    found = []
    for each in prompts.prompts:
        if each.role == "neutral":
            found.append(each)
        elif each.target and each.prompt in there:
            answer = there[each.prompt]
            found.append(replace(each, target=answer, other=each.target))
    if not there:
        raise CorpusError(
            f"“{prompts.name}” has no answers in “{towards}” by which it could be told "
            f"whether the content is kept. Choose “{OWN_FACTS}”, or a file whose column "
            "“target” has them in every language."
        )
    return replace(prompts, prompts=tuple(found))


def objective_of(prompts: PromptSet, towards: str = "") -> str:
    """The objective that fits a set: log-odds where all its prompts have two ends.

    Of a run ``towards`` a language, whether its language changes and the content stays.
    """
    if towards:
        return CHANGED_AND_KEPT
    asked = [each for each in prompts.prompts if each.role != "neutral"]
    if all(each.target and each.other for each in asked):
        return "verdict log-odds"
    return "following rate"


def template_of(prompts: PromptSet, suggested: str) -> str:
    """The template that fits a set, and else the one that fits the model.

    The demo's statements are continued, not answered.
    """
    continued = any(each.target for each in prompts.prompts)
    if continued and prompts.name in DEMO_SETS:
        return "none"
    return suggested
