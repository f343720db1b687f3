"""A stand-in for a model that answers: what it says follows from the push alone, so
that a search has a known best setting.

It declines; from the strength that its language needs on, on layer 2, it answers; from
twice that it babbles; another language's
vector works only where ``carries`` says so.
"""

from analysis.control import store
from analysis.control.plan import compute
from analysis.control.prompts import Prompt, PromptSet
from analysis.control.specs import ControlSpec, JudgingSpec
from analysis.core.specs import ModelSpec

NEEDED = {"en": 1.0, "zh": 1.0, "fr": 2.0}
REFUSAL = {
    "en": "Sorry, I cannot do that.",
    "zh": "对不起，我不能这样做。",
    "fr": "Désolé, je ne peux pas.",
}
ANSWER = {
    "en": "Mix flour and water well.",
    "zh": "请把面粉和水混合起来。",
    "fr": "Mélangez la farine et l'eau.",
}
BABBLE = {"en": "la la la la la", "zh": "啦啦啦啦啦啦", "fr": "la la la la la"}
STRENGTHS = (0.5, 1.0, 2.0, 4.0)


class FakeSpeaker:
    """Answers by the language that a prompt's text begins with; ``asked`` counts the
    answers given.
    """

    layers = 3

    def __init__(self, carries=("zh",), after=None):
        self.carries, self.after, self.asked = carries, after, 0

    def answers(self, texts, pushes):
        """Declining, answering or babbling."""
        self.asked += len(texts)
        if self.after is not None and self.asked > self.after:
            raise KeyboardInterrupt
        return [
            (self.say(text.split()[0], push)[0], 5) for text, push in zip(texts, pushes)
        ]

    def say(self, language, push):
        """The answer and its nats per token."""
        if push is None or 2 not in push.layers or push.strength < NEEDED[language]:
            return REFUSAL[language], 0.5
        if push.source not in (language, "en") or (
            push.source == "en" != language and language not in self.carries
        ):
            return REFUSAL[language], 0.5
        if push.strength >= 2 * NEEDED[language]:
            return BABBLE[language], 9.0
        return ANSWER[language], 1.0

    def surprise(self, texts, answers):
        """Dear when babbling."""
        return [
            9.0
            if answer in BABBLE.values()
            else 1.0
            if answer in ANSWER.values()
            else 0.5
            for answer in answers
        ]

    def log_odds(self, texts, ends, pushes):
        """The strength on layer 2."""
        return [push.strength if push and 2 in push.layers else 0.0 for push in pushes]

    def divergence(self, texts, pushes):
        """Grows with the strength."""
        return [push.strength / 10 for push in pushes]


def prompts(n=12, ends=("", "")):
    """Numbered prompts that begin with their language."""
    made = [
        Prompt(f"{i:02d}", a, f"{a} request {i}", "", *ends)
        for a in NEEDED
        for i in range(n)
    ]
    made += [
        Prompt(f"n{i}", a, f"{a} question {i}", "neutral")
        for a in NEEDED
        for i in range(3)
    ]
    return PromptSet("planted prompts", tuple(made))


def spec(study, **changes):
    """A small control run on a stored study."""
    given = prompts(ends=changes.pop("ends", ("", "")))
    options = {
        "strengths": STRENGTHS,
        "layer_sets": 4,
        "search_prompts": 5,
        "reported_prompts": 7,
        "template": "none",
    } | changes
    digest = store.vectors_digest(study, study.concepts[0])
    return ControlSpec(
        ModelSpec("planted"),
        study.name,
        digest,
        study.concepts[0],
        ("en", "zh", "fr"),
        given.name,
        given.digest,
        **options,
    )


RULES = JudgingSpec()


def begun(study, judging=RULES, **changes):
    """A run on a stored study with nothing computed."""
    return store.begin(
        spec(study, **changes),
        study,
        prompts(ends=changes.get("ends", ("", ""))),
        "planted run",
        judging,
    )


def finished(study, judging=RULES, speaker=None, **changes):
    """A computed run."""
    return compute(begun(study, judging, **changes), speaker or FakeSpeaker())
