"""A chat template is a program of a stranger: bounded in time and size, heard by Stop,
and the same text as ever where it is well behaved.
"""

import json
import shutil
import threading
import time
import tracemalloc
from pathlib import Path

import pytest
from transformers import AutoTokenizer
from transformers.utils import chat_template_utils

from analysis.concepts.pairs import ContrastPair
from analysis.core.errors import SpecError, Stopped
from analysis.core.interruption import heard_by
from analysis.core.specs import ModelSpec
from analysis.core.templates import apply_template
from analysis.model import bounded_templates
from analysis.model.hub import locate
from analysis.model.load import load_tokenizer
from analysis.worker.extraction import check_model
from analysis.worker.service import FAILED, STOPPED, Service

MOST_SECONDS = 5
"""For two renderings of a fifth of a second, while memory is watched."""
MOST_MEMORY = 300 * 2**20

ENDLESS = {
    "loops": "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}"
    "{% endfor %}",
    "loops that write": "{% for i in range(99999) %}{% for j in range(99999) %}x"
    "{% endfor %}{% endfor %}",
    "loop with its own variable": "{% for i in range(99999) %}{% for j in range(99999)"
    " %}{{ loop.index }}{% endfor %}{% endfor %}",
    "loop that is filtered": "{% for i in range(99999) %}{% for j in range(99999) if "
    "j < 0 %}{% endfor %}{% endfor %}",
    "recursive loop": "{% for i in range(99999) recursive %}{{ loop(range(99999)) }}"
    "{% endfor %}",
    "macro": "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}"
    "{% endmacro %}{{ f(60) }}",
    "filters": "{% for i in range(99999) %}{{ range(99999)|map('string')|list|length }}"
    "{% endfor %}",
    "many letters at once": "{{ 'x' * 100000000 }}",
    "letters of a letter": "{{ messages[0].content * 100000000 }}",
    "letters in a row": "{% for i in range(99999) %}{{ 'x' * 10000 }}{% endfor %}",
    "doubled by +": "{% set n = namespace(x='x') %}{% for i in range(60) %}"
    "{% set n.x = n.x + n.x %}{% endfor %}{{ n.x }}",
    "doubled by ~": "{% set n = namespace(x='x') %}{% for i in range(60) %}"
    "{% set n.x = n.x ~ n.x %}{% endfor %}{{ n.x }}",
    "doubled by writing": "{% set n = namespace(x='x') %}{% for i in range(60) %}"
    "{% set y %}{{ n.x }}{{ n.x }}{% endset %}{% set n.x = y %}{% endfor %}{{ n.x }}",
    "lists in lists": "{% set n = namespace(x=['x']) %}{% for i in range(60) %}"
    "{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x }}",
    "tuples in tuples": "{% set n = namespace(x=['x']) %}{% for i in range(60) %}"
    "{% set n.x = (n.x, n.x) %}{% endfor %}{{ n.x|tojson }}",
    "mappings in mappings": "{% set n = namespace(x={}) %}{% for i in range(60) %}"
    "{% set n.x = {'a': n.x, 'b': n.x} %}{% endfor %}{{ n.x|string }}",
    "built by dict": "{% set n = namespace(x=dict()) %}{% for i in range(60) %}"
    "{% set n.x = dict(a=n.x, b=n.x) %}{% endfor %}{{ n.x ~ '' }}",
    "a long text many times in a list": "{{ ['x' * 99999] * 99999 }}",
    "joined": "{{ (['x' * 99999] * 9999)|join }}",
    "joined by a method": "{{ ''.join(['x' * 99999] * 9999) }}",
    "joined by a long text": "{{ ('x' * 99999)|join('y' * 99999) }}",
    "replaced": "{{ ('x' * 99999)|replace('x', 'y' * 99999) }}",
    "replaced by a method": "{{ ('x' * 99999).replace('x', 'y' * 99999) }}",
    "wide": "{{ 'x'.ljust(1000000000) }}",
    "wide format": "{{ '%1000000000d' % 1 }}",
    "wide format by a star": "{{ '%*d' % (1000000000, 1) }}",
    "wide format of a filter": "{{ '%1000000000d'|format(1) }}",
    "wide braces": "{{ '{:1000000000}'.format(1) }}",
    "wide braces by a number": "{{ '{:{}}'.format(1, 1000000000) }}",
    "wide indent": "{{ 'x'|indent(1000000000, true) }}",
    "wide JSON": "{{ messages|tojson(indent=1000000000) }}",
    "wide tabs": "{{ '\t'.expandtabs(1000000000) }}",
    "centred": "{{ 'x'|center(1000000000) }}",
    "lipsum": "{{ lipsum(n=100000) }}",
    "a power": "{{ 10 ** 10 ** 9 }}",
    "numbers doubled": "{% set n = namespace(x=9) %}{% for i in range(60) %}"
    "{% set n.x = n.x * n.x %}{% endfor %}{{ n.x % 7 }}",
    "bytes of a number": "{{ (5).to_bytes(1000000000, 'big') }}",
    "a search": "{% set a = 'a' * 999999 %}{% set b = 'b' ~ 'a' * 499999 %}"
    "{{ a.rfind(b) }}",
    "many tags": "{{ ('<' * 999999)|striptags }}",
    "autoescape": "{% autoescape true %}{{ 'x' ~ 'y' }}{% endautoescape %}",
    "a long template": "{{ messages }}" * 20_000,
    "deep template": "{% if true %}" * 3000 + "{% endif %}" * 3000,
}


@pytest.fixture
def llama(home, tiny_folder) -> Path:
    """A copy of the tiny Llama to be given a template."""
    return Path(shutil.copytree(tiny_folder / "llama", home / "models" / "spoiled"))


def give_template(folder: Path, template: object) -> None:
    """Write a chat template into a model's folder."""
    path = folder / "tokenizer_config.json"
    known = json.loads(path.read_text()) | {"chat_template": template}
    path.write_text(json.dumps(known))


def pair_of(number: str) -> ContrastPair:
    """A pair of texts that no other pair has."""
    texts = (f"The judge was fair {number}.", f"The judge was unfair {number}.")
    return ContrastPair(number, "fairness", "en", *texts)


@pytest.mark.parametrize("case", ENDLESS)
def test_a_template_without_end_is_refused_soon_and_in_little_memory(
    llama, monkeypatch, case
):
    monkeypatch.setattr(bounded_templates, "SECONDS", 0.2)
    monkeypatch.setattr(bounded_templates, "MOST_ITEMS", 10_000)
    give_template(llama, ENDLESS[case])
    tokenizer = load_tokenizer(locate("spoiled"))
    tracemalloc.start()
    begun = time.thread_time()
    try:
        with pytest.raises(SpecError, match="This model's chat template"):
            apply_template("chat", tokenizer, ["Fair."])
        spent = time.thread_time() - begun
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert spent < MOST_SECONDS
    assert most < MOST_MEMORY


@pytest.mark.parametrize(
    "template, sentence",
    [
        (5, "is no text"),
        (2.5, "is no text"),
        ([{"name": "tools", "template": "x"}], "several chat templates and none by"),
        ("{% if", "chat template failed"),
        ("{{ nothing.of.it }}", "chat template failed"),
    ],
)
def test_a_template_that_is_none_is_refused_in_a_sentence(llama, template, sentence):
    give_template(llama, template)
    tokenizer = load_tokenizer(locate("spoiled"))
    with pytest.raises(SpecError, match=sentence):
        apply_template("chat", tokenizer, ["Fair."])


def test_the_refusal_says_what_was_too_much(llama):
    give_template(llama, ENDLESS["loops"])
    tokenizer = load_tokenizer(locate("spoiled"))
    with pytest.raises(SpecError) as error:
        apply_template("chat", tokenizer, ["Fair."])
    assert str(error.value) == (
        "This model's chat template failed (it computes for more than 1 s). Choose the "
        "template “none”."
    )


def test_stop_is_heard_inside_a_template(llama, monkeypatch):
    monkeypatch.setattr(bounded_templates, "SECONDS", 60)
    give_template(llama, ENDLESS["loops"])
    tokenizer = load_tokenizer(locate("spoiled"))
    asked = threading.Event()

    def check() -> None:
        if asked.is_set():
            raise Stopped("Stopped.")

    threading.Timer(0.3, asked.set).start()
    begun = time.monotonic()
    with pytest.raises(Stopped), heard_by(check):
        apply_template("chat", tokenizer, ["Fair."])
    assert time.monotonic() - begun < 0.3 + 1


def test_stop_of_a_job_is_heard_between_slow_prompts(llama):
    slow = "{{ messages[0].content }}{% for i in range(99999) %}{% endfor %}"
    give_template(llama, slow)
    service = Service()
    pairs = [pair_of(str(number)) for number in range(3000)]
    job = service.submit("me", "look", check_model(ModelSpec("spoiled"), "chat", pairs))
    while not job.started:
        time.sleep(0.01)
    time.sleep(1)
    service.stop(job)
    assert job.finished.wait(5)
    assert job.state == STOPPED


def test_the_server_lives_on_after_such_a_template(llama):
    give_template(llama, ENDLESS["many letters at once"])
    service = Service()
    task = check_model(ModelSpec("spoiled"), "chat", [pair_of("1")])
    job = service.submit("me", "look", task)
    assert job.finished.wait(20)
    assert job.state == FAILED
    assert "it writes millions of letters" in job.error


WELL_BEHAVED = {
    "demo": "",
    "turns": "{% for m in messages %}{{ '<|' + m['role'] + '|>\n' ~ m.content | trim }}"
    "{% if not loop.last %}\n{% endif %}{% endfor %}{% if add_generation_prompt %}"
    "<|assistant|>{% endif %}",
    "thinking": "{%- set ns = namespace(last=true, i=-1) %}{%- for m in messages[::-1] "
    "%}{%- set n = (messages|length - 1) - loop.index0 %}{%- if ns.last and m.role == "
    "'user' %}{%- set ns.last = false %}{%- set ns.i = n %}{%- endif %}{%- endfor %}"
    "{{- ns.i }}{{- messages[0].content.split('</think>')[-1].lstrip('\n') }}",
    "JSON": "{{ messages|tojson(indent=4) }}{{ {'a': [1, (2, 3)]}|tojson }}",
    "filters": "{{ messages|map(attribute='content')|join('\n\n') }}"
    "{{ messages|selectattr('role', 'equalto', 'user')|list|length }}"
    "{{ messages[0].content|upper|replace('A', 'BB')|indent(4) }}",
    "methods": "{{ '%s, %d' % (messages[0].content, 12345) }}"
    "{{ '{} of 2024 {}'.format('a', 1) }}{{ ', '.join(['a', 'b']) }}"
    "{{ 'a'.ljust(10) }}{{ 'Date: 20240726 %s' % 'x' }}{{ '=' * 40 }}{{ 3 * 4 }}",
    "macro": "{% macro turn(m, context='c') %}{{ m.content }}{{ context }}{% endmacro %}"
    "{% for m in messages recursive %}{{ turn(m, context='d') }}{% endfor %}"
    "{% set text %}{{ turn(messages[0]) }}{% endset %}{{ text }}",
    "undefined": "{% for x in nothing %}{% endfor %}{{ nothing }}{{ tools is defined }}",
    "loop variables": "{% for c in 'abc' %}{{ loop.index }}{{ loop.length }}"
    "{{ loop.last }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.cycle('x', 'y') }}"
    "{{ loop.changed(c) }}{{ loop.revindex }}{% endfor %}",
    "break": "{% for k, v in {'a': 1, 'b': 2}.items() %}{% if v > 1 %}{% break %}"
    "{% endif %}{{ k }}{% else %}none{% endfor %}",
    "generation": "{% generation %}{{ messages[0].content }}{% endgeneration %}",
}
TEXTS = ["The judge heard both sides.", "公平\n\nand  fair ", "a long text " * 9000]


@pytest.mark.parametrize("case", WELL_BEHAVED)
def test_a_template_that_behaves_writes_what_it_always_wrote(
    tiny_models, monkeypatch, case
):
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    name = "demo" if case == "demo" else "llama"
    bounded = load_tokenizer(locate(name))
    plain = AutoTokenizer.from_pretrained(locate(name).folder)
    template = WELL_BEHAVED[case] or plain.chat_template
    written = []
    for tokenizer in (bounded, plain):
        chat_template_utils._compile_jinja_template.cache_clear()
        for text in TEXTS:
            turns = [{"role": "user", "content": text}]
            prompt = tokenizer.apply_chat_template(
                turns,
                tokenize=False,
                add_generation_prompt=True,
                chat_template=template,
            )
            written.append(prompt)
        monkeypatch.setattr(
            chat_template_utils,
            "ImmutableSandboxedEnvironment",
            ImmutableSandboxedEnvironment,
        )
    chat_template_utils._compile_jinja_template.cache_clear()
    assert written[:3] == written[3:]


def test_a_tokenizer_of_somebody_else_is_not_bounded(tiny_models, monkeypatch):
    monkeypatch.setattr(bounded_templates, "MOST_LETTERS", 10)
    monkeypatch.setattr(bounded_templates, "MOST_AT_ONCE", 10)
    plain = AutoTokenizer.from_pretrained(locate("llama").folder)
    turns = [{"role": "user", "content": "x"}]
    prompt = plain.apply_chat_template(
        turns, tokenize=False, chat_template="{{ 'y' * 3000000 }}"
    )
    assert len(prompt) == 3_000_000
