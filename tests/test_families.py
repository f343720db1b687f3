"""Contracts that hold for every family: what is read, steered and scored is right, or the
model is refused in a sentence.
"""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from analysis.core.errors import ModelError, SpecError
from analysis.core.specs import ModelSpec
from analysis.model import option_scoring, self_check
from analysis.model.batches import encoded_rows, padded_batch
from analysis.model.extract import Reading, encoded_texts, read_batch, stream
from analysis.model.generate import generate
from analysis.model.hooks import AnswerGeometry, Geometry, Row, steered
from analysis.model.lens import logit_lens
from analysis.model.load import NO_LIMIT, Loaded, load, preflight
from analysis.model.option_scoring import option_scores
from analysis.model.own_model import own_model, steered_model
from analysis.model.scoring import continuations, next_distribution
from analysis.model.self_check import tried
from analysis.steering.operators import Places
from analysis.steering.resolve import ResolvedTerm
from analysis.steering.specs import GenerationSpec
from analysis.worker.reader import Collected
from analysis.worker.service import Job, Pool
from tests.families import (
    EVERY,
    GEMMA3N,
    HYBRID,
    LLAMA,
    OTHERS,
    XLSTM,
    built,
    engine_of,
    model_of,
    save_as,
    save_fp8,
    save_mxfp4,
)
from tests.tiny import HIDDEN, WINDOW, build, save, tokenizer

PROMPTS = ("Fair.", "The judge heard both sides.", "é", "no")
OPTIONS = [[" yes it is", " no", " perhaps so, if both agree"]] * len(PROMPTS)
TOKENS = GenerationSpec(5)
FROM_FIRST_BLOCK = ("mamba", "mamba2", "falcon_mamba", "rwkv")
"""Families whose list of hidden states begins with the first block's, not before it."""


def all_states(engine: Loaded, budget: int, padding: str = "right") -> np.ndarray:
    """States (text, layer, hidden) as the engine reads them."""
    collected = Collected(len(PROMPTS), len(engine.blocks), engine.hidden)
    stream(engine, PROMPTS, [collected], Reading(budget, padding))
    return collected.values


def library_states(engine: Loaded, family: str) -> np.ndarray:
    """States (text, layer, hidden) as the library lists them, without the last layer."""
    count = len(engine.blocks)
    first = 0 if family in FROM_FIRST_BLOCK else 1
    found = []
    for row in encoded_texts(engine, PROMPTS):
        with torch.inference_mode():
            out = engine.model(
                torch.tensor([row]), output_hidden_states=True, use_cache=False
            )
        listed = out.hidden_states[first : first + count - 1]
        found.append(torch.stack([states[0, -1] for states in listed]))
    return torch.stack(found).numpy()


def vector() -> np.ndarray:
    """A direction long enough to change what a tiny model says."""
    drawn = np.random.default_rng(0).standard_normal(HIDDEN)
    return 2 * drawn.astype(np.float32)


def pushed(strength: float, positions: str = "all") -> tuple[ResolvedTerm, ...]:
    """One term at the second layer."""
    return (ResolvedTerm({2: vector()}, {2: strength}, "addition", positions),)


def next_logits(engine: Loaded, rows: list[Row]) -> torch.Tensor:
    """Scores (row, token) of the next token, bit for bit as the model gives them."""
    batch = padded_batch(engine, encoded_rows(engine, rows, 0))
    with steered(engine, rows, Geometry(batch.places)), torch.inference_mode():
        out = engine.model(
            input_ids=batch.tokens,
            attention_mask=batch.mask,
            use_cache=False,
            **engine.position_arguments(batch.positions),
        )
    return out.logits[:, -1]


@pytest.mark.parametrize("family", OTHERS)
def test_a_text_is_read_the_same_alone_in_a_batch_and_by_the_library(family):
    engine = engine_of(family)
    alone = all_states(engine, 1)
    np.testing.assert_allclose(all_states(engine, 4096), alone, atol=2e-5)
    listed = library_states(engine, family)
    np.testing.assert_allclose(alone[:, :-1], listed, atol=2e-5)


@pytest.mark.parametrize("family", OTHERS)
def test_strength_zero_changes_no_bit_and_strength_one_does(family):
    engine = engine_of(family)
    plain, none, some = (
        next_logits(engine, [Row(PROMPTS[1], terms)])
        for terms in ((), pushed(0.0), pushed(1.0))
    )
    assert torch.equal(plain, none)
    assert (some - plain).abs().max() > 1e-3


@cache
def unpushed(family: str) -> list[list[int]]:
    """What a family says to each prompt by itself."""
    engine = tried(engine_of(family))
    return [generate(engine, [Row(prompt)], TOKENS)[0].ids for prompt in PROMPTS]


@pytest.mark.parametrize("positions", ["all", "generated", "last prompt token"])
@pytest.mark.parametrize("family", EVERY)
def test_a_steered_row_says_the_same_alone_and_beside_others(family, positions):
    engine = tried(engine_of(family))
    rows = [Row(prompt, pushed(4.0, positions)) for prompt in PROMPTS]
    together = [answer.ids for answer in generate(engine, rows, TOKENS)]
    alone = [generate(engine, [row], TOKENS)[0].ids for row in rows]
    assert together == alone
    assert together != unpushed(family)


@pytest.mark.parametrize("family", EVERY)
def test_options_score_as_their_continuations_do(family, monkeypatch):
    monkeypatch.setattr(option_scoring, "SHARED_FROM", 0)
    engine = tried(engine_of(family))
    rows = [Row(prompt, pushed(1.0)) for prompt in PROMPTS]
    together = option_scores(engine, rows, OPTIONS)
    for row, options, found in zip(rows, OPTIONS, together):
        (alone,) = continuations(engine, [row], [options])
        np.testing.assert_allclose(found.nats, alone.nats, atol=1e-4)
    assert engine.shares_cache == (
        family not in (*HYBRID, "granite_hybrid", "gpt1", "rwkv")
    )


@pytest.mark.parametrize("family", [*HYBRID, "granite_hybrid", "rwkv"])
def test_what_is_written_behind_a_cache_is_what_the_whole_text_gives(family):
    engine = tried(engine_of(family))
    rows = [Row(prompt) for prompt in PROMPTS[:2]]
    answers = [answer.ids for answer in generate(engine, rows, TOKENS)]
    prompts = [encoded.prompt for encoded in encoded_rows(engine, rows, 0)]
    for prompt, answer in zip(prompts, answers):
        said = list(prompt)
        for token in answer:
            with torch.inference_mode():
                out = engine.model(torch.tensor([said]), use_cache=False)
            assert int(out.logits[0, -1].argmax()) == token
            said.append(token)


def test_a_family_that_fails_when_it_writes_is_read_and_says_so():
    engine = tried(own_model(built(*XLSTM), tokenizer()))
    np.testing.assert_allclose(
        all_states(engine, 1), all_states(engine, 4096), atol=2e-5
    )
    with pytest.raises(ModelError, match="xLSTMForCausalLM cannot write: .*Choose"):
        generate(engine, [Row(PROMPTS[0])], TOKENS)


@pytest.mark.parametrize("positions", ["all", "generated"])
@pytest.mark.parametrize("family", OTHERS)
def test_a_model_of_ones_own_says_what_the_engine_says_or_refuses(family, positions):
    model = model_of(family)
    engine = tried(own_model(model, tokenizer()))
    (answer,) = generate(engine, [Row(PROMPTS[1], pushed(4.0, positions))], TOKENS)
    given = tokenizer()([PROMPTS[1]], return_tensors="pt", return_token_type_ids=False)
    with steered_model(model, tokenizer(), vector(), [2], 4.0, positions=positions):
        try:
            out = model.generate(
                **given, max_new_tokens=TOKENS.tokens, do_sample=False, pad_token_id=0
            )
        except SpecError as error:
            assert positions != "all" and "choose “all”" in str(error)
            return
    said = out[0, given["input_ids"].shape[1] :].tolist()
    assert [token for token in said if token != 2] == list(answer.ids)


@pytest.mark.parametrize(
    ("family", "reads", "writes"),
    [("rwkv", False, True), ("minimax", False, True), ("qwen3_5", False, False)],
)
def test_a_model_that_feels_its_neighbours_is_known_when_it_is_loaded(
    family, reads, writes
):
    plain = engine_of(family)
    blocks = plain.blocks
    known = tried(plain)
    assert (known.habits.reads_alone, known.habits.writes_alone) == (reads, writes)
    assert known.blocks == blocks and tuple(plain.model.base_model.modules())
    said = " ".join(known.notices)
    assert ("answered and scored one at a time" in said) == writes
    rows = [Row(prompt) for prompt in PROMPTS]
    apart = [continuations(known, [row], [OPTIONS[0]])[0].nats for row in rows]
    felt = [found.nats for found in continuations(plain, rows, OPTIONS)]
    assert np.allclose(apart, felt, atol=1e-3) != (family == "rwkv")


def test_the_page_hears_that_rows_run_alone(home, monkeypatch):
    save_as(home / "models" / "odd", *OTHERS["rwkv"])
    job = Job(0, "me", "a look", lambda job, pool: None)
    Pool().get(ModelSpec("odd"), job)
    (notice,) = job.notices
    assert notice == (
        "odd gives other answers for a text beside others than for the same text alone, "
        "so texts are answered and scored one at a time. That is slower; nothing else "
        "changes."
    )


class Coupled(nn.Module):
    """A block by which every row feels the others."""

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.block = block

    def forward(self, states: torch.Tensor, *rest: object, **more: object) -> object:
        """The block's own states and some of the mean over rows."""
        out = self.block(states, *rest, **more)
        return out + out.mean((0, 1), keepdim=True)


def spoiled(change) -> Loaded:
    """A tiny Llama with a last block that is not what a block should be."""
    model = build("llama")
    layers = model.model.layers
    layers[2] = change(layers[2])
    return own_model(model, tokenizer())


def test_texts_that_feel_one_another_are_read_alone():
    engine = tried(spoiled(Coupled))
    assert engine.habits.reads_alone and engine.habits.writes_alone
    np.testing.assert_array_equal(all_states(engine, 4096), all_states(engine, 1))


class Cut(nn.Module):
    """A block that gives its states in another form."""

    def __init__(self, block: nn.Module, form) -> None:
        super().__init__()
        self.block = block
        self.form = form

    def forward(self, *given: object, **more: object) -> object:
        """The block's states, changed."""
        return self.form(self.block(*given, **more))


FORMS = {
    "four streams": (lambda states: torch.stack([states] * 4), "has the shape 4 × "),
    "a token less": (lambda states: states[:, 1:], "has the shape"),
    "no tensor": (lambda states: {"states": states}, "passes on no states but dict"),
}


@pytest.mark.parametrize("form", FORMS)
def test_states_of_another_form_are_refused_whatever_is_asked(form):
    change, words = FORMS[form]
    model = build("llama")
    engine = own_model(model, tokenizer())
    # The last block: nothing after it would fail by itself.
    handle = engine.blocks[-1].register_forward_hook(lambda m, a, out: change(out))
    for act in (
        lambda: all_states(engine, 4096),
        lambda: generate(engine, [Row(PROMPTS[0], pushed(1.0))], TOKENS),
        lambda: continuations(engine, [Row(PROMPTS[0], pushed(1.0))], OPTIONS[:1]),
    ):
        with pytest.raises(ModelError, match=f"{words}.*Choose another model"):
            act()
    handle.remove()


def with_layers(engine: Loaded, layers: list[nn.Module]) -> None:
    """Let other blocks run than the engine knows of."""
    engine.model.model.layers = nn.ModuleList(layers)


LEFT_OUT = {
    "the last": (lambda blocks: blocks[:2], "after block 2 of 3|when block 3 of 3"),
    "the middle": (lambda blocks: blocks[::2], "block 3 ran when block 2 of 3"),
    "the first": (lambda blocks: blocks[1:], "block 2 ran when block 1 of 3"),
    "two turns": (lambda blocks: blocks * 2, "ran more than once|saw 6 tokens"),
    "all": (lambda blocks: [], "none of its blocks ran"),
}


@pytest.mark.parametrize("left_out", LEFT_OUT)
def test_a_pass_in_which_not_every_block_runs_once_is_refused(left_out):
    change, words = LEFT_OUT[left_out]
    engine = own_model(build("llama"), tokenizer())
    blocks = list(engine.blocks)
    row = Row(PROMPTS[0], pushed(1.0))
    with_layers(engine, change(blocks))
    engine.model.config.num_hidden_layers = max(3, len(change(blocks)))
    for act in (
        lambda: all_states(engine, 4096),
        lambda: generate(engine, [row], TOKENS),
        lambda: continuations(engine, [row], OPTIONS[:1]),
    ):
        with pytest.raises(ModelError, match=words):
            act()
    with (
        steered_model(build("llama"), tokenizer(), vector(), [2]) as model,
        pytest.raises(ModelError, match=words),
    ):
        model.config.num_hidden_layers = max(3, len(change(blocks)))
        model.model.layers = nn.ModuleList(change(list(model.model.layers)))
        model(torch.tensor([[1, 2, 3]]))


def test_tokens_of_a_pass_are_where_the_geometry_says():
    places = Places(np.array([0]), np.array([3]), np.array([3]))
    one = Geometry(places, width=3)
    one.advance(3)
    with pytest.raises(ModelError, match="ran more than once"):
        one.advance(3)
    with pytest.raises(ModelError, match="saw 4 tokens of 3"):
        Geometry(places, width=3).advance(4)
    seen = []
    answer = AnswerGeometry(places, width=3)
    for tokens in (3, 1, 5, 6, 1):
        answer.advance(tokens)
        seen.append((answer.start, answer.stop))
    assert seen == [(0, 3), (3, 4), (0, 5), (0, 6), (6, 7)]
    with pytest.raises(ModelError, match="saw 4 tokens in place of 1 or 8"):
        answer.advance(4)


def test_a_vector_of_zeros_steers_nowhere_and_says_so():
    engine = engine_of("llama")
    term = ResolvedTerm({2: np.zeros(HIDDEN)}, {2: 1.0})
    with pytest.raises(SpecError, match="vector of layer 2 is zero"):
        generate(engine, [Row(PROMPTS[0], (term,))], TOKENS)
    off = replace(term, strengths={2: 0.0})
    generate(engine, [Row(PROMPTS[0], (off,))], TOKENS)


def test_states_that_are_no_numbers_are_refused():
    model = build("llama")
    with torch.no_grad():
        model.model.layers[1].mlp.down_proj.weight.fill_(float("inf"))
    engine = own_model(model, tokenizer())
    with pytest.raises(ModelError, match="not finite numbers from layer 2 on"):
        all_states(engine, 4096)
    half = replace(engine, spec=ModelSpec("m", dtype="float16"))
    with pytest.raises(ModelError, match="in float16.*Choose float32"):
        all_states(half, 4096)


def test_gemma_3n_is_sized_and_refused_in_a_sentence(home):
    save_as(home / "models" / "streams", *GEMMA3N)
    assert preflight(ModelSpec("streams")).fits
    job = Job(0, "me", "a look", lambda job, pool: None)
    with pytest.raises(ModelError, match="shape 4 × 1 × 4 × 32.*Choose another model"):
        Pool().get(ModelSpec("streams"), job)


@pytest.mark.parametrize("headless", [False, True])
@pytest.mark.parametrize("family", ["llama", "gpt2", "bloom"])
def test_a_configuration_of_fewer_layers_than_there_are_weights_is_refused(
    home, family, headless
):
    folder = home / "models" / "cut"
    model = save(folder, family)
    if headless:
        prefix = f"{model.base_model_prefix}."
        weights = load_file(folder / "model.safetensors")
        bare = {name.removeprefix(prefix): one for name, one in weights.items()}
        save_file(bare, folder / "model.safetensors", metadata={"format": "pt"})
    known = json.loads((folder / "config.json").read_text())
    names = ("num_hidden_layers", "n_layer", "layer_types")
    changed = {name: value for name, value in known.items() if name in names}
    for name, value in changed.items():
        known[name] = value[:2] if isinstance(value, list) else 2
    (folder / "config.json").write_text(json.dumps(known))
    with pytest.raises(
        ModelError, match="asks for 2 layers, but there are weights of 3.*cut short"
    ):
        load(ModelSpec("cut"))


@pytest.mark.parametrize(
    ("family", "window"),
    [("mpt", WINDOW), ("mamba", NO_LIMIT), ("llama", WINDOW), ("gpt2", WINDOW)],
)
def test_the_window_is_what_the_model_tells_and_never_invented(family, window):
    engine = engine_of(family)
    assert engine.window == window
    if window == NO_LIMIT:
        text = "x" * 3000
        rows = encoded_texts(engine, [text])
        assert len(rows[0]) == 3001


def test_llama_4_is_read_without_its_head_and_after_its_norm():
    engine = engine_of("llama4")
    head = engine.model.get_output_embeddings()
    assert head not in list(engine.decoder.modules())
    collected = Collected(len(PROMPTS), len(engine.blocks), engine.hidden)
    stream(engine, PROMPTS, [collected], Reading(final_norm=True))
    for row, states in zip(encoded_texts(engine, PROMPTS), collected.values):
        with torch.inference_mode():
            out = engine.model(torch.tensor([row]), output_hidden_states=True)
        normed = out.hidden_states[-1][0, -1].numpy()
        np.testing.assert_allclose(states[-1], normed, atol=2e-5)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_experts_in_mxfp4_are_read_on_a_processor_and_sized_as_they_will_be(
    home, dtype
):
    meant = save_mxfp4(home / "models" / "four")
    spec = ModelSpec("four", dtype=dtype, device="cpu")
    engine = load(spec)
    held = dict(engine.model.named_parameters())
    assert {one.dtype for one in held.values()} == {getattr(torch, dtype)}
    for name, numbers in meant.items():
        # Four bits and a power of two are exact in either precision.
        assert torch.equal(held[name].float(), numbers)
    assert np.isfinite(all_states(engine, 4096)).all()
    stored = preflight(spec)
    assert stored.parameters == sum(one.numel() for one in held.values())
    path = home / "models" / "four" / "config.json"
    known = json.loads(path.read_text())
    del known["quantization_config"]
    path.write_text(json.dumps(known))
    assert preflight(spec).needed == stored.needed


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_weights_in_fp8_are_read_on_a_processor_and_sized_as_they_will_be(home, dtype):
    save_fp8(home / "models" / "eight")
    spec = ModelSpec("eight", dtype=dtype, device="cpu")
    engine = load(spec)
    weights = list(engine.model.parameters())
    assert {one.dtype for one in weights} == {getattr(torch, dtype)}
    assert np.isfinite(all_states(engine, 4096)).all()
    stored = preflight(spec)
    path = home / "models" / "eight" / "config.json"
    known = json.loads(path.read_text())
    del known["quantization_config"]
    path.write_text(json.dumps(known))
    assert stored.needed == preflight(spec).needed


SCALED = {
    "cohere": ("CohereConfig", LLAMA | {"logit_scale": 0.0625}),
    "granite": ("GraniteConfig", LLAMA | {"logits_scaling": 8.0}),
    "hyperclovax": ("HyperCLOVAXConfig", LLAMA | {"logits_scaling": 0.25}),
    "falcon_h1": (
        "FalconH1Config",
        OTHERS["falcon_h1"][1] | {"lm_head_multiplier": 0.25},
    ),
}
"""Families that multiply what their head gives."""


@pytest.mark.parametrize("family", [*SCALED, "llama", "gemma2", "mpt", "mamba", "lfm2"])
def test_the_logit_lens_says_of_the_last_state_what_the_model_says(family):
    model = built(*SCALED[family]) if family in SCALED else model_of(family)
    engine = own_model(model, tokenizer())
    lens = logit_lens(engine)
    assert lens is not None
    ids = [5, 9, 30, 77]
    states = read_batch(engine, [ids])[:, -1]
    with torch.inference_mode():
        said = model(torch.tensor([ids])).logits[0, -1].softmax(-1)
    torch.testing.assert_close(lens.token_shares(states)[0], said, atol=1e-6, rtol=1e-3)
    assert (lens.scale == 1) == (family not in SCALED)


def test_no_logit_lens_where_the_head_sees_something_else():
    model = build("llama")
    engine = own_model(model, tokenizer())
    assert logit_lens(engine) is not None
    model.register_forward_hook(lambda module, given, out: flipped(out))
    assert logit_lens(engine) is None
    assert (
        logit_lens(own_model(build("opt", word_embed_proj_dim=16), tokenizer())) is None
    )


def flipped(out):
    """An output whose logits are in another order."""
    out.logits = out.logits.flip(-1)
    return out


def test_scores_that_are_no_numbers_are_refused():
    model = build("llama")
    with torch.no_grad():
        model.model.norm.weight.fill_(float("inf"))
    engine = own_model(model, tokenizer())
    plain, steered_row = Row(PROMPTS[0]), Row(PROMPTS[0], pushed(1.0))
    for row in (plain, steered_row):
        with pytest.raises(ModelError, match="gives no numbers for what comes next"):
            option_scores(engine, [row], OPTIONS[:1])
    with pytest.raises(ModelError, match="in float32.*Choose float32"):
        continuations(engine, [plain], OPTIONS[:1])
    with pytest.raises(ModelError, match="no numbers"):
        next_distribution(engine, [plain])
    (found,) = continuations(engine, [steered_row], OPTIONS[:1])
    assert np.isnan(found.nats).all(), "a steered row may be pushed beyond numbers"


def test_a_family_that_cannot_go_on_says_so_and_can_still_be_scored(monkeypatch):
    engine = engine_of("llama")
    real = type(engine.model).forward

    def forgetful(self, *given, past_key_values=None, use_cache=False, **more):
        if use_cache:
            raise ValueError("the state has the wrong shape")
        return real(self, *given, use_cache=False, **more)

    monkeypatch.setattr(type(engine.model), "forward", forgetful)
    fresh = own_model(engine.model, tokenizer())
    habits = self_check.found_habits(fresh)
    assert (
        habits.cannot_write
        == "LlamaForCausalLM cannot write: the state has the wrong shape"
    )
    known = replace(fresh, habits=habits)
    with pytest.raises(ModelError, match="cannot write.*wrong shape. Choose another"):
        generate(known, [Row(PROMPTS[0])], TOKENS)
    assert not known.shares_cache
    option_scores(known, [Row(PROMPTS[0])], OPTIONS[:1])


def test_weights_that_the_configuration_has_no_place_for_are_told(home):
    folder = home / "models" / "biased"
    save(folder, "llama", attention_bias=True)
    assert load(ModelSpec("biased")).notices == ()
    path = folder / "config.json"
    known = json.loads(path.read_text()) | {"attention_bias": False}
    path.write_text(json.dumps(known))
    (notice,) = load(ModelSpec("biased")).notices
    assert notice == (
        "The weights of biased hold 12 tensors of its layers for which its config.json "
        "has no place, such as model.layers.0.self_attn.k_proj.bias; they were left out. "
        "If the model should use them, weights and config.json do not belong together."
    )


@pytest.mark.parametrize("family", ["qwen3_next", "jamba", "mamba"])
def test_hybrid_families_are_not_cut_short_either(home, family):
    folder = home / "models" / "cut"
    name, options = OTHERS[family]
    save_as(folder, name, options)
    assert load(ModelSpec("cut")).notices == ()
    path = folder / "config.json"
    known = json.loads(path.read_text()) | {"num_hidden_layers": 2}
    for key, value in known.items():
        if isinstance(value, list) and len(value) == 4:
            known[key] = value[:2]
    path.write_text(json.dumps(known))
    with pytest.raises(
        ModelError, match="asks for 2 layers, but there are weights of 4"
    ):
        load(ModelSpec("cut"))


@pytest.mark.parametrize(("family", "firsts"), [("llama", [1]), ("qwen3_5", [1, 4])])
def test_trying_a_model_out_runs_the_first_block_of_each_kind(
    family, firsts, home, monkeypatch
):
    monkeypatch.setattr(self_check, "KNOWN", {})
    engine = own_model(model_of(family), tokenizer())
    fired = []
    for number, block in enumerate(engine.blocks, 1):
        block.register_forward_hook(lambda m, a, o, number=number: fired.append(number))
    with_notice = tried(engine)
    # Two readings and two answers of two tokens.
    assert sorted(fired) == sorted(firsts * 6)
    assert with_notice.habits == tried(engine).habits and len(fired) == 6 * len(firsts)
    assert len(engine.model.model.layers) == len(engine.blocks)
    assert engine.model.get_output_embeddings().weight.shape[1] == HIDDEN


def test_a_model_is_tried_out_in_one_thread(monkeypatch):
    """Several threads waited for each other: trying out took a third of loading."""
    loaded = own_model(build("llama"), tokenizer())
    threads, seen = torch.get_num_threads(), []
    torch.set_num_threads(2)
    try:
        read = self_check.read_batch

        def watched(*arguments):
            seen.append(torch.get_num_threads())
            return read(*arguments)

        monkeypatch.setattr(self_check, "read_batch", watched)
        self_check.found_habits(loaded)
        assert seen == [1, 1] and torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
