"""Chat templates are programs that come with models: here they run within limits.

The library's sandbox keeps a template from the machine, but not from its time and memory.
Ours counts the steps of loops and the letters that are made, before they are made.
"""

import functools
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace
from transformers.utils import chat_template_utils

from analysis.core import interruption
from analysis.core.tokenizer import Tokenizer

SANDBOX = "ImmutableSandboxedEnvironment"
SECONDS = 1.0
"""Of computing, not of waiting, for one text; a usual template takes 0.0002."""
MOST_SOURCE = 200_000
"""Letters of a template; the longest that are published have 30,000."""
MOST_LETTERS = 10**7
"""Letters that may be made on the way to one prompt."""
MOST_AT_ONCE = 2 * 10**6
MOST_ITEMS = 10**5
"""Items of a list with all that lies in it."""
MOST_BITS = 10**5
MOST_COMPARED = 10**8
"""Pairs of letters that one search may have to compare."""
WIDEST = 1000
"""Numbers that say how wide something is made."""
BETWEEN = 100
"""Steps after which the clock and Stop are looked at."""
WITHHELD = (
    "batch",
    "center",
    "filesizeformat",
    "pprint",
    "random",
    "round",
    "slice",
    "striptags",
    "sum",
    "urlize",
    "wordwrap",
    "xmlattr",
)
"""Filters that no chat template needs and whose work has no simple bound."""
CONTAINERS = (list, tuple, dict, set, frozenset)
REFUSED = ("expandtabs", "to_bytes", "translate")
WIDENING = ("center", "ljust", "rjust", "zfill", "indent", "tojson")
"""Methods and filters that are not called at all, and those that take a width."""
WIDE_PERCENT = re.compile(r"%[-+ #.\d]*(\d{4}|\*)")
WIDE_BRACES = re.compile(r"\{[^{}]*:[^{}]*(\d{4}|\{)")
"""Places of a form that make a text as wide as a number says."""


class Budget:
    """What one rendering has used, and may."""

    def __init__(self, letters: int) -> None:
        self.most_at_once = MOST_AT_ONCE + 4 * letters
        self.most = MOST_LETTERS + 200 * letters
        self.letters = 0
        self.steps = 0
        self.next_look = BETWEEN
        self.end = time.thread_time() + SECONDS

    def spend(self, letters: int = 0) -> None:
        """Count one step that makes so many letters; SecurityError when it is too much."""
        self.letters += letters
        self.steps += 1 + letters // 1000
        if letters > self.most_at_once or self.letters > self.most:
            raise SecurityError("it writes millions of letters")
        if self.steps >= self.next_look:
            self.look()

    def look(self) -> None:
        """Look at the clock, and hear Stop."""
        self.next_look = self.steps + BETWEEN
        interruption.check()
        if time.thread_time() > self.end:
            raise SecurityError(f"it computes for more than {SECONDS:g} s")


running = threading.local()


def current() -> Budget | None:
    """What the rendering of this thread may use; None outside of ``limits``."""
    return getattr(running, "budget", None)


@contextmanager
def limits(letters: int) -> Iterator[None]:
    """Templates that render texts of so many letters keep within bounds meanwhile."""
    before = current()
    running.budget = Budget(letters)
    try:
        yield
    finally:
        running.budget = before


def with_bounded_template(tokenizer: Tokenizer) -> Tokenizer:
    """The tokenizer, whose chat template now keeps within bounds.

    What it does too much of is told by the error that the template raises.
    """
    unbounded = tokenizer.apply_chat_template

    @functools.wraps(unbounded)
    def bounded(*given: Any, **named: Any) -> Any:
        interruption.check()
        turns = given[0] if given else named.get("conversation")
        with limits(len(str(turns))):
            return unbounded(*given, **named)

    tokenizer.apply_chat_template = bounded
    return tokenizer


class BoundedGenerator(CodeGenerator):
    """Compiles a template so that what ``~`` joins is counted first."""

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:
        """Join texts by the environment's own function."""
        if frame.eval_ctx.volatile or frame.eval_ctx.autoescape:
            self.fail("autoescape is no part of chat templates", node.lineno)
        self.write("environment.concat(map(environment.text, (")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write(")))")

    def visit_List(self, node: nodes.List, frame: Frame) -> None:
        """Make a list, and judge what lies in it."""
        self.write("environment.judged(")
        super().visit_List(node, frame)
        self.write(")")

    def visit_Dict(self, node: nodes.Dict, frame: Frame) -> None:
        """Make a mapping, and judge what lies in it."""
        self.write("environment.judged(")
        super().visit_Dict(node, frame)
        self.write(")")

    def visit_Tuple(self, node: nodes.Tuple, frame: Frame) -> None:
        """Make a tuple, and judge what lies in it."""
        if node.ctx == "store":
            super().visit_Tuple(node, frame)
            return
        self.write("environment.judged(")
        super().visit_Tuple(node, frame)
        self.write(")")


def joined(parts: Iterable[str]) -> str:
    """Texts as one, counted before they are joined."""
    budget = current()
    if budget is None:
        return "".join(parts)
    kept = []
    for part in parts:
        budget.spend(len(part))
        kept.append(part)
    return "".join(kept)


def judged(made: Any) -> Any:
    """What was made, unless there is too much in it."""
    budget = current()
    if budget is not None and made is not True and made is not False:
        budget.spend(size_of(made))
    return made


def printable(value: Any) -> Any:
    """What is to be written, unless as a text it would be too long."""
    if isinstance(value, Namespace):
        raise SecurityError("it writes a namespace")
    return value if isinstance(value, str) else judged(value)


def text(value: Any) -> str:
    """A value as text, judged before it is one."""
    return str(printable(value))


def counted(items: Iterable[Any]) -> Iterable[Any]:
    """What a loop goes through, each a step."""
    budget = current()
    return items if budget is None else steps(items, budget)


def steps(items: Iterable[Any], budget: Budget) -> Iterator[Any]:
    """The items, each a step."""
    for item in items:
        budget.spend()
        yield item


class BoundedFilters(dict[str, Callable[..., Any]]):
    """The filters of an environment, each within bounds."""

    def __setitem__(self, name: str, function: Callable[..., Any]) -> None:
        super().__setitem__(name, bounded_filter(name, function))


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """The sandbox of chat templates, in which ``limits`` hold."""

    intercepted_binops = frozenset(("+", "*", "**", "%"))
    code_generator_class = BoundedGenerator
    concat = staticmethod(joined)
    counted = staticmethod(counted)
    judged = staticmethod(judged)
    text = staticmethod(text)

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.finalize = printable
        known = self.filters
        self.filters = BoundedFilters()
        for name, function in known.items():
            if name not in WITHHELD:
                self.filters[name] = function
        del self.globals["lipsum"]

    def _parse(self, source: str, name: str | None, filename: str | None) -> Any:
        """A template as a tree, in which every loop is counted."""
        if len(source) > MOST_SOURCE:
            raise SecurityError(f"it has more than {MOST_SOURCE:,} letters")
        tree = super()._parse(source, name, filename)
        for loop in tree.find_all(nodes.For):
            counting = nodes.EnvironmentAttribute("counted")
            loop.iter = nodes.Call(counting, [loop.iter], [], None, None)
        return tree

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """The result of an operator, whose size is judged first."""
        budget = current()
        if budget is not None:
            judge_operation(operator, left, right, budget)
        return super().call_binop(context, operator, left, right)

    def call(
        self, context: Context, function: Any, /, *given: Any, **named: Any
    ) -> Any:
        """The result of a call, whose size is judged first."""
        budget = current()
        if function is counted or budget is None:
            return super().call(context, function, *given, **named)
        name = getattr(function, "__name__", "")
        method = getattr(function, "__wrapped__", function)
        owner = getattr(method, "__self__", None)
        if name == "join" and isinstance(owner, str) and given:
            given = (list(given[0]), *given[1:])
            judge_join(len(owner), given[0], budget)
        elif isinstance(owner, (str, bytes, int)):
            judge_work(name, owner, [*given, *named.values()], budget)
        return judged(super().call(context, function, *given, **named))


def bounded_filter(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter, whose work is judged first."""
    place = 1 if hasattr(function, "jinja_pass_arg") else 0

    @functools.wraps(function)
    def within_bounds(*given: Any, **named: Any) -> Any:
        budget = current()
        if budget is None or len(given) <= place:
            return function(*given, **named)
        before = given[:place]
        owner = given[place]
        rest = given[place + 1 :]
        if name == "join":
            owner = list(owner)
            between = rest[0] if rest else named.get("d", "")
            judge_join(size_of(between), owner, budget)
        else:
            judge_work(name, owner, [*rest, *named.values()], budget)
        return judged(function(*before, owner, *rest, **named))

    return within_bounds


def judge_work(name: str, owner: Any, operands: list[Any], budget: Budget) -> None:
    """Count what a method or filter makes; SecurityError when that is too much."""
    if name in REFUSED:
        raise SecurityError(f"“{name}” is no part of chat templates")
    if name in WIDENING:
        judge_width(owner, operands, budget)
    if name in ("format", "format_map"):
        judge_format(owner, operands, budget)
    if name in ("string", "tojson"):
        printable(owner)
    texts = [one for one in operands if isinstance(one, (str, bytes))]
    if not texts or not isinstance(owner, (str, bytes)):
        return
    if len(owner) * max(map(len, texts)) > MOST_COMPARED:
        raise SecurityError("it compares millions of letters")
    if name == "replace" and len(texts) > 1:
        words: Any = owner
        budget.spend(len(words) + words.count(texts[0]) * len(texts[1]))


def judge_join(between: int, items: list[Any], budget: Budget) -> None:
    """Count what is made when items are joined."""
    for item in items:
        if isinstance(item, Namespace):
            printable(item)
    budget.spend(size_of(items) + between * len(items))


def judge_width(owner: Any, operands: list[Any], budget: Budget) -> None:
    """Count what is made when every line of a text is made wider."""
    widths = [one if isinstance(one, int) else size_of(one) for one in operands]
    if any(width > WIDEST for width in widths):
        raise SecurityError(f"it makes a text wider than {WIDEST:,}")
    if isinstance(owner, str):
        budget.spend(len(owner) + (owner.count("\n") + 1) * max(widths, default=0))


def judge_format(form: Any, operands: list[Any], budget: Budget) -> None:
    """Count what is made when a form is filled in."""
    words = str(form)
    plain = words.replace("{{", "").replace("}}", "")
    if WIDE_PERCENT.search(words) or WIDE_BRACES.search(plain):
        raise SecurityError("it makes a text as wide as a number says")
    places = words.count("{") + words.count("%")
    largest = max(map(size_of, map(printable, operands)), default=0)
    budget.spend(len(words) + places * largest)


def judge_operation(operator: str, left: Any, right: Any, budget: Budget) -> None:
    """Count what an operator makes; SecurityError when that is too much."""
    numbers = [one for one in (left, right) if isinstance(one, int)]
    if operator == "+" and not numbers:
        budget.spend(size_of(left) + size_of(right))
    elif operator == "%" and isinstance(left, (str, bytes)):
        judge_format(left, [right], budget)
    elif operator == "*" and len(numbers) == 1:
        budget.spend(max(0, numbers[0]) * max(size_of(left), size_of(right)))
    elif operator == "*" and len(numbers) == 2:
        judge_bits(left.bit_length() + right.bit_length())
    elif operator == "**" and len(numbers) == 2:
        judge_bits(left.bit_length() * max(0, right))


def judge_bits(bits: int) -> None:
    """SecurityError for a number of so many bits."""
    if bits > MOST_BITS:
        raise SecurityError("it computes with huge numbers")


def size_of(made: Any) -> int:
    """Letters of a text; of a list or mapping those of all that lies in it.

    SecurityError for more than MOST_ITEMS, which may be few that lie in each other.
    """
    if isinstance(made, (str, bytes)):
        return len(made)
    if not isinstance(made, CONTAINERS):
        return 1
    size = 0
    left = [made]
    for _ in range(MOST_ITEMS):
        if not left:
            return size
        one = left.pop()
        size += len(one) if isinstance(one, (str, bytes, *CONTAINERS)) else 1
        if isinstance(one, CONTAINERS):
            left.extend(one)
        if isinstance(one, dict):
            left.extend(one.values())
    raise SecurityError(f"it makes a list of more than {MOST_ITEMS:,} items")


# The library makes its sandbox by this name; outside of ``limits`` nothing changes.
setattr(chat_template_utils, SANDBOX, BoundedEnvironment)
