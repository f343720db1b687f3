"""The command that answers plain and pushed along a study's vector."""

import pytest

from analysis.core.errors import SpecError
from babelscope import commands
from babelscope.commands.steer import layers_of
from tests.planted import planted_study
from tests.stored import stored
from tests.tiny import HIDDEN, LAYERS

LLAMA = {"spec": {"model": {"model": "llama", "device": "cpu"}}}


@pytest.fixture(autouse=True)
def study(fresh, tiny_models):
    """A study of the tiny model's width."""
    planted = planted_study(("care",), ("en", "fr"), (LAYERS, 24, HIDDEN))
    stored("tiny", planted, title="Tiny", **LLAMA)


def said(capsys, *given: str) -> str:
    """What the command prints, which must end well."""
    assert commands.main(["steer", "tiny", *given]) == 0
    return capsys.readouterr().out


def test_every_prompt_is_answered_plain_and_pushed(capsys):
    asked = ("the judge", "the cook", "--concept", "care", "--tokens", "4")
    out = said(capsys, *asked, "--layers", "1-2", "--strength", "40")
    assert out.startswith("the judge\n  plain:") and "\nthe cook\n  plain:" in out
    plain, pushed = of_first(out)
    assert plain != pushed
    still = said(capsys, *asked, "--layers", "1-2", "--strength", "0")
    assert of_first(still) == [plain, plain]


def of_first(out: str) -> list[str]:
    """The two answers to the first prompt."""
    answers = out.partition("\nthe cook\n")[0].partition("  plain:")[2]
    return [answer.strip() for answer in answers.split("\n  pushed:")]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (("--layers", "1"), "either --towards a language, or --concept"),
        (
            ("--layers", "1", "--concept", "care", "--towards", "fr"),
            "either --towards a language, or --concept",
        ),
        (("--layers", "1", "--towards", "fr"), "no mean states of languages"),
        (("--layers", "x", "--concept", "care"), "such as 7-12"),
        (("--layers", "9", "--concept", "care"), "layer 9"),
        (("--layers", "1", "--concept", "cars"), "concept"),
        (("--layers", "1", "--concept", "care", "--tokens", "0"), "new tokens"),
    ],
)
def test_what_is_wrong_is_one_sentence(capsys, given, says):
    assert commands.main(["steer", "tiny", "the judge", *given]) == 2
    err = capsys.readouterr().err
    assert says in err and "Traceback" not in err


def test_layers_are_lists_and_ranges():
    assert layers_of("7-9, 12") == [7, 8, 9, 12]
    for wrong in ("", "a", "3-", "9-7", "1-999999", "-1"):
        with pytest.raises(SpecError, match="such as 7-12"):
            layers_of(wrong)
