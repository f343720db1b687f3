"""“How this is computed”: every method that a page explains has a record that can be
read, with a formula of which every sign is explained, and an example with numbers.
"""

import ast
import importlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from analysis.overview import methods
from analysis.overview.methods import Method, method_of
from tests.visits import visit, words

VIEWS = Path(__file__).parent.parent / "components" / "views"
METHODS = methods.methods()
WORDS_IN = re.compile(r"\\(?:text|mathrm|operatorname\*?)\{[^{}]*\}")
COMMANDS = re.compile(r"\\[A-Za-z]+")
GREEK = {
    *("alpha", "beta", "lambda", "mu", "pi", "rho", "theta", "varepsilon", "Delta"),
    "Sigma",
}
LONGEST = 400


def explained() -> Iterator[Callable]:
    """What the pages give ``panel.explain``."""
    for path in sorted(VIEWS.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls = [node for node in ast.walk(tree) if is_explaining(node)]
        if calls:
            module = importlib.import_module(f"components.views.{path.stem}")
        for call in calls:
            for argument in call.args:
                yield from values(argument, vars(module))


def is_explaining(node: ast.AST) -> bool:
    """Whether this is a call of ``panel.explain``."""
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "panel.explain"


def values(argument: ast.expr, names: dict) -> list[Callable]:
    """What an argument stands for in its module."""
    several = isinstance(argument, ast.Starred)
    inner = argument.value if isinstance(argument, ast.Starred) else argument
    found = eval(ast.unparse(inner), dict(names))
    return list(found) if several else [found]


EXPLAINED = list(dict.fromkeys(explained()))


def signs(formula: str) -> set[str]:
    """Letters and Greek letters of a formula that stand for something."""
    formula = WORDS_IN.sub(" ", formula)
    greek = {name[1:] for name in COMMANDS.findall(formula)} & GREEK
    return greek | set(re.findall("[A-Za-z]", COMMANDS.sub(" ", formula)))


def test_every_method_that_a_page_explains_has_a_record():
    assert len(EXPLAINED) > 40
    assert {method_of(each).of for each in EXPLAINED} <= set(METHODS)
    with pytest.raises(LookupError, match="does not say how"):
        method_of(signs)


def test_every_record_is_of_a_function_that_is_there():
    for name in METHODS:
        module, _, function = name.rpartition(".")
        assert callable(getattr(importlib.import_module(module), function)), name


@pytest.mark.parametrize("method", METHODS.values(), ids=list(METHODS))
def test_every_sign_of_a_formula_is_explained(method: Method):
    told = signs(" ".join(method.symbols))
    assert not signs(method.formula) - told, method.of
    assert method.formula.count("{") == method.formula.count("}")
    for sign, meaning in method.symbols.items():
        assert meaning and "$" not in sign + meaning


@pytest.mark.parametrize("method", METHODS.values(), ids=list(METHODS))
def test_a_method_is_told_in_few_plain_words_with_an_example(method: Method):
    assert len(method.words) <= LONGEST and method.words.endswith((".", "!"))
    assert method.reference and method.example.endswith(".")
    assert "``" not in method.words and "(…" not in method.words


def test_a_sign_that_nobody_explains_is_found():
    assert signs(r"\frac{a}{\beta} \text{not this} \operatorname{nor}(x)") == {
        *("a", "beta", "x")
    }


def test_it_is_told_only_when_it_is_opened(fresh):
    at = visit("pages/recognition.py", study="llama2-chat-7b")
    assert not at.latex
    at.session_state["explain-analysis.concepts.recognition-recognition"] = True
    at.run()
    assert at.latex and "Xu et al. 2024, Eq. 2" in words(at)
