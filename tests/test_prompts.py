"""Prompts of control runs: dealt to search and report without a leak, and read from
files with every fault told.
"""

from dataclasses import replace

import pytest

from analysis.concepts.corpora import demo_corpus
from analysis.concepts.specs import StudySpec
from analysis.control import prompts as sources
from analysis.control.prompts import Prompt, PromptSet, chosen, read
from analysis.control.specs import ControlSpec
from analysis.core.errors import CorpusError, SpecError
from analysis.core.specs import ModelSpec
from analysis.world.world import LANGUAGES as WORLD


def spec(given, languages=("en", "fr"), **changes):
    options = {"search_prompts": 3, "reported_prompts": 6} | changes
    return ControlSpec(
        ModelSpec("m"), "s", "v", "c", languages, given.name, given.digest, **options
    )


def numbered(n=12, lacking=(), **more):
    made = [
        Prompt(f"{i:02d}", a, f"{a} {i}", **more)
        for a in ("en", "fr")
        for i in range(n)
        if (a, i) not in lacking
    ]
    return PromptSet("numbered", tuple(made))


def ids(picked, role):
    return {prompt.prompt for those in picked[role].values() for prompt in those}


@pytest.mark.parametrize("seed", range(5))
def test_no_number_searches_in_one_language_and_reports_in_another(seed):
    given = numbered(lacking={("fr", i) for i in range(0, 12, 5)})
    picked = chosen(given, spec(given, seed=seed, search_prompts=1, reported_prompts=3))
    assert not ids(picked, "search") & ids(picked, "report")
    assert [len(picked["search"][a]) for a in ("en", "fr")] == [1, 1] and len(
        picked["report"]["fr"]
    ) == 3


def test_the_same_prompts_are_asked_in_all_languages_that_have_them():
    given = numbered()
    picked = chosen(given, spec(given))
    assert all(picked["neutral"].values()), (
        "a set without neutral prompts gets those that ship"
    )
    for role in ("search", "report"):
        en, fr = ([prompt.prompt for prompt in picked[role][a]] for a in ("en", "fr"))
        assert en == fr
    other = chosen(given, spec(given, seed=7))
    assert ids(other, "search") != ids(picked, "search")


def test_prompts_of_one_source_stay_on_one_side():
    made = [
        Prompt(f"{i}-{k}", a, f"{a} {i} {k}", source=str(i))
        for a in ("en", "fr")
        for i in range(6)
        for k in range(3)
    ]
    given = PromptSet("deeds", tuple(made))
    for seed in range(5):
        picked = chosen(
            given, spec(given, seed=seed, search_prompts=6, reported_prompts=6)
        )
        sides = [
            {prompt.source for those in picked[role].values() for prompt in those}
            for role in ("search", "report")
        ]
        assert not sides[0] & sides[1]


def test_the_papers_way_searches_on_what_it_reports():
    given = numbered()
    picked = chosen(given, spec(given, searched_on="the reported prompts (paper)"))
    assert picked["search"] == picked["report"] and len(picked["report"]["en"]) == 6


def test_marked_roles_are_kept_and_neutral_prompts_are_neither():
    made = [
        Prompt(str(i), "en", f"{role} {i}", role)
        for role in ("search", "report", "neutral")
        for i in range(9)
    ]
    given = PromptSet("marked", tuple(made))
    picked = chosen(given, spec(given, languages=("en",)))
    for role, n in (("search", 3), ("report", 6), ("neutral", sources.NEUTRAL)):
        assert [prompt.text for prompt in picked[role]["en"]] == [
            f"{role} {i}" for i in range(n)
        ]


def test_too_few_prompts_name_the_language():
    given = numbered(lacking={("fr", i) for i in range(6)})
    with pytest.raises(CorpusError, match="fr: . report prompts of 6"):
        chosen(given, spec(given))


@pytest.mark.parametrize(
    "changes",
    [
        {"source": "zh"},
        {"tokens": 0},
        {"tokens": 10**4},
        {"strengths": (0.0,)},
        {"strengths": (float("nan"),)},
        {"searched_on": "x"},
    ],
)
def test_specs_that_make_no_sense_are_refused(changes):
    with pytest.raises(SpecError):
        spec(numbered(), **changes)


def test_a_strength_without_end_is_told_to_be_finite():
    with pytest.raises(SpecError, match="strengths that are finite numbers above 0"):
        spec(numbered(), strengths=(float("inf"),))


FILE = (
    "prompt,language,text,role,target,other\n1,en,How?,,Mix it,Sorry\n1,fr,Comment "
    "?,,,\n2,en,What?,neutral,,\n"
)


def test_a_file_is_read_kept_and_found_again(home):
    given = read(FILE.encode(), "../My prompts!.csv")
    assert (
        len(given.prompts) == 3
        and given.languages == ("en", "fr")
        and given.of("en", "")["1"].target == "Mix it"
    )
    name = sources.keep(given)
    assert (
        name in sources.offered(demo=False)
        and sources.load(name, None, "").prompts == given.prompts
    )
    assert sources.load(name, None, "").digest == given.digest
    with pytest.raises(CorpusError, match="Upload them again"):
        sources.load("gone", None, "")


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("a,b\n1,2\n", 1),
        ("prompt,language,text\n1,xx,Hm\n,en,\n1,en\n", 4),
        ("prompt,language,text,role\n1,en,a,judge\n1,en,b,search\n1,en,c,search\n", 2),
        ("prompt,language,text\n", 1),
    ],
)
def test_every_fault_of_a_file_is_listed(text, faults):
    with pytest.raises(CorpusError) as error:
        read(text.encode(), "p.csv")
    assert len(error.value.faults) == faults, error.value.faults


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "none"),
        ("1,en,How?\n", "“1”, “en”, “How?”"),
        ("prompt,language\n1,en\n", "“prompt”, “language”"),
        ("prompt,language,text,rolle\n", "“prompt”, “language”, “text”, “rolle”"),
    ],
)
def test_a_wrong_header_is_told_with_what_was_found(text, named):
    with pytest.raises(CorpusError) as error:
        read(text.encode(), "p.csv")
    assert error.value.faults == (
        "p.csv, line 1: must name the columns prompt, language, text and, if wanted, "
        f"role, target, other, source; named are {named}",
    )


OURS = (sources.OWN, sources.OWN_FACTS)
"""Sets in the languages of our own texts."""


def demo_study():
    corpus = demo_corpus()
    return StudySpec(
        ModelSpec("demo"),
        corpus.name,
        corpus.digest,
        corpus.concepts,
        corpus.languages,
        split="as given",
    )


@pytest.mark.parametrize("name", [name for name in sources.SETS if name not in OURS])
def test_every_set_has_prompts_in_all_languages_of_the_demo(name, home):
    given = sources.load(name, demo_study(), "harmfulness")
    assert given.name == name and set(given.languages) == set(WORLD)
    picked = chosen(
        given, spec(given, languages=WORLD, search_prompts=4, reported_prompts=4)
    )
    assert all(
        len(those) == 4
        for role in ("search", "report")
        for those in picked[role].values()
    )
    ends = {bool(prompt.target and prompt.other) for prompt in picked["report"]["fi"]}
    assert ends == {name == "demo statements and verdicts"}


def test_no_pair_is_left_as_a_prompt_where_all_made_the_vector(home):
    folded = replace(demo_study(), split="5 folds")
    with pytest.raises(SpecError, match="none is left as a prompt. Give prompts of"):
        sources.load("held-out negative members", folded, "harmfulness")
    assert "held-out negative members" not in sources.offered(True, folded.split)


def test_a_value_that_the_demo_world_lacks_is_refused():
    with pytest.raises(SpecError, match="harmfulness"):
        sources.load("demo statements and verdicts", demo_study(), "harmfulnes")


@pytest.mark.parametrize("seed", range(20))
def test_a_mark_binds_its_source_in_every_language(seed):
    made = []
    for language in ("en", "fr"):
        for i in range(8):
            for k in range(2):
                marked = language == "en" and i == 0 and k == 0
                role = "search" if marked else ""
                number, text = f"{i}-{k}", f"{language} {i} {k}"
                made.append(Prompt(number, language, text, role, source=f"deed {i}"))
    given = PromptSet("deeds", tuple(made))
    wanted = spec(given, seed=seed, search_prompts=4, reported_prompts=4)
    picked = chosen(given, wanted)
    reported = {each.source for those in picked["report"].values() for each in those}
    searched = {each.source for those in picked["search"].values() for each in those}
    assert "deed 0" not in reported and not reported & searched


def test_a_number_marked_in_one_language_is_not_reported_in_another():
    made = [Prompt(str(i), "fr", f"fr {i}") for i in range(12)]
    made += [Prompt(str(i), "en", f"en {i}") for i in range(1, 12)]
    made.append(Prompt("0", "en", "en 0", "search"))
    given = PromptSet("numbers", tuple(made))
    for seed in range(20):
        wanted = spec(given, seed=seed, search_prompts=4, reported_prompts=4)
        assert "0" not in ids(chosen(given, wanted), "report")


def test_a_source_marked_for_both_sides_is_refused():
    made = [Prompt(str(i), "en", f"en {i}", source=f"s{i}") for i in range(9)]
    made.append(Prompt("a", "en", "one", "search", source="s1"))
    made.append(Prompt("b", "fr", "two", "report", source="s1"))
    given = PromptSet("deeds", tuple(made))
    with pytest.raises(CorpusError, match="of one source both for search and"):
        chosen(given, spec(given, search_prompts=2, reported_prompts=2))
