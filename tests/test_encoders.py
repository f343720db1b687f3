"""Encoders and encoder-decoders: what is read of them is what their blocks give, the
same in any batch; what they cannot do ends in a sentence.
"""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
)

from analysis.core import model_kinds
from analysis.core.errors import AnalysisError, CorpusError, ModelError, SpecError
from analysis.core.model_kinds import BOTH, folder_kind, told_kind
from analysis.core.positions import LAST, MEAN, USUAL
from analysis.core.specs import DECODER, ENCODER, ModelSpec
from analysis.model.conversion import check_decoder
from analysis.model.extract import Reading, encoded_texts, stream
from analysis.model.generate import generate
from analysis.model.hooks import Row
from analysis.model.lens import logit_lens
from analysis.model.load import Loaded, load, preflight
from analysis.model.option_scoring import option_scores
from analysis.model.own_model import own_model, steered_model
from analysis.model.scoring import continuations, next_distribution
from analysis.model.self_check import tried
from analysis.model.stacks import auto_class
from analysis.steering.operators import POSITIONS
from analysis.steering.resolve import ResolvedTerm
from analysis.steering.specs import GenerationSpec
from analysis.worker.reader import Collected, ModelReader
from tests.families import (
    ENCODERS,
    FEELS_NEIGHBOURS,
    OTHERS,
    REFUSED,
    TWO_STACKS,
    config_of,
    ending_tokenizer,
    read_engine,
    read_model,
    save_read,
)
from tests.tiny import FAMILIES, HIDDEN, WINDOW, save, tokenizer

TEXTS = ("Fair.", "The judge heard both sides.", "é", "no")
OPTIONS = [[" yes it is", " no", " perhaps so, if both agree"]] * len(TEXTS)
TOKENS = GenerationSpec(5)
ENDING = 1
"""Tokens that the tokenizer of these tests puts behind every text."""
READ = [
    *((family, ENCODER) for family in (*TWO_STACKS, *ENCODERS)),
    *((family, DECODER) for family in TWO_STACKS),
]
BOTH_STACKS = [(family, stack) for family in TWO_STACKS for stack in (ENCODER, DECODER)]


def states(engine: Loaded, budget: int, position: str = USUAL) -> np.ndarray:
    """States (text, layer, hidden) as the engine reads them."""
    collected = Collected(len(TEXTS), len(engine.blocks), engine.hidden)
    reading = Reading(budget, position=position or engine.position)
    stream(engine, TEXTS, [collected], reading)
    return collected.values


def by_plain_hooks(engine: Loaded, text: str) -> torch.Tensor:
    """States (layer, token, hidden) of a text alone, by hooks and calls of one's own."""
    (row,) = encoded_texts(engine, [text])
    given = {"input_ids": torch.tensor([row])}
    if engine.in_two_stacks:
        given["decoder_input_ids"] = torch.tensor([engine.start])
    kept = []
    handles = []
    for block in engine.blocks:
        keep = lambda module, arguments, out: kept.append(  # noqa: E731
            out[0] if isinstance(out, tuple) else out
        )
        handles.append(block.register_forward_hook(keep))
    with torch.inference_mode():
        engine.model(**given)
    for handle in handles:
        handle.remove()
    return torch.stack(kept)[:, 0]


@pytest.mark.parametrize(("family", "stack"), READ)
def test_states_are_what_leaves_the_blocks_in_any_batch(family, stack):
    engine = tried(read_engine(family, stack))
    assert engine.habits.reads_alone == (family in FEELS_NEIGHBOURS)
    last, mean = states(engine, 1, LAST), states(engine, 1, MEAN)
    for place, text in enumerate(TEXTS):
        own = by_plain_hooks(engine, text)
        if stack == ENCODER:
            own = own[:, 1:-ENDING]
        np.testing.assert_allclose(last[place], own[:, -1], atol=3e-5)
        np.testing.assert_allclose(mean[place], own.mean(1), atol=3e-5)
    for position, alone in ((LAST, last), (MEAN, mean)):
        together = states(engine, 4096, position)
        np.testing.assert_allclose(together, alone, atol=3e-5)


def test_an_encoder_is_read_as_a_mean_and_a_decoder_at_its_last_token():
    for family, read in (("xlm-roberta", MEAN), ("mt5", MEAN)):
        engine = read_engine(family)
        assert engine.position == read
        reader = ModelReader(engine, "none")
        np.testing.assert_array_equal(reader.states(TEXTS), states(engine, 0, read))
        assert (reader.read.kind, reader.read.position) == (engine.kind, read)
    assert read_engine("mt5").stack == ENCODER


def test_the_states_of_a_decoder_are_those_of_what_an_answer_begins_with():
    engine = read_engine("bart", DECODER)
    assert engine.start == [1] and len(engine.blocks) == 3
    assert len(read_engine("bart").blocks) == 4
    assert not np.allclose(states(engine, 1)[0], states(engine, 1)[1])


@pytest.mark.parametrize(("family", "stack"), BOTH_STACKS)
def test_a_steered_row_says_the_same_alone_and_strength_zero_changes_nothing(
    family, stack
):
    engine = tried(read_engine(family, stack))
    assert not engine.habits.cannot_write
    plain = said(engine, ())
    assert said(engine, pushed(0.0)) == plain
    moved = []
    for positions in positions_of(stack):
        rows = [Row(text, pushed(6.0, positions)) for text in TEXTS]
        together = [answer.ids for answer in generate(engine, rows, TOKENS)]
        alone = [generate(engine, [row], TOKENS)[0].ids for row in rows]
        assert together == alone
        moved.append(together != plain)
    assert any(moved)


def positions_of(stack: str) -> list[str]:
    """Token positions at which a stack can be pushed."""
    if stack == DECODER:
        return list(POSITIONS)
    return ["all", "prompt", "last prompt token"]


def pushed(strength: float, positions: str = "all") -> tuple[ResolvedTerm, ...]:
    """One term at the second layer."""
    drawn = np.random.default_rng(0).standard_normal(HIDDEN)
    vector = 2 * drawn.astype(np.float32)
    return (ResolvedTerm({2: vector}, {2: strength}, "addition", positions),)


def said(engine: Loaded, terms: tuple) -> list[tuple[int, ...]]:
    """What is answered to every text."""
    rows = [Row(text, terms) for text in TEXTS]
    return [answer.ids for answer in generate(engine, rows, TOKENS)]


@pytest.mark.parametrize("family", TWO_STACKS)
def test_steering_at_strength_zero_gives_the_bits_of_the_baseline(family):
    for stack in (ENCODER, DECODER):
        engine = read_engine(family, stack)
        plain, none, some = (
            next_distribution(engine, [Row(TEXTS[1], terms)])
            for terms in ((), pushed(0.0), pushed(1.0))
        )
        np.testing.assert_array_equal(plain, none)
        assert np.abs(some - plain).max() > 1e-4


@pytest.mark.parametrize("positions", ["generated", "after the instruction"])
def test_an_encoder_has_no_tokens_of_an_answer(positions):
    engine = read_engine("mt5")
    with pytest.raises(SpecError, match="reads the prompt and no answer.*Choose “all”"):
        generate(engine, [Row(TEXTS[0], pushed(1.0, positions))], TOKENS)


@pytest.mark.parametrize(("family", "stack"), BOTH_STACKS)
def test_options_are_scored_as_the_model_itself_scores_them(family, stack):
    engine = tried(read_engine(family, stack))
    rows = [Row(text) for text in TEXTS]
    found = option_scores(engine, rows, OPTIONS)
    prompts = encoded_texts(engine, TEXTS)
    for prompt, options, own in zip(prompts, OPTIONS, found):
        for option, nats in zip(options, own.nats):
            ids = engine.tokenizer(option, add_special_tokens=False)["input_ids"]
            given = torch.tensor([[*engine.start, *ids[:-1]]])
            with torch.inference_mode():
                out = engine.model(torch.tensor([prompt]), decoder_input_ids=given)
            logs = out.logits[0, len(engine.start) - 1 :].log_softmax(-1)
            expected = logs[range(len(ids)), ids].sum()
            np.testing.assert_allclose(nats, expected, rtol=1e-4, atol=1e-3)
    steered = [Row(text, pushed(2.0)) for text in TEXTS]
    together = continuations(engine, steered, OPTIONS)
    for row, options, own in zip(steered, OPTIONS, together):
        (alone,) = continuations(engine, [row], [options])
        np.testing.assert_allclose(own.nats, alone.nats, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("positions", ["all", "prompt", "last prompt token"])
@pytest.mark.parametrize(
    ("family", "stack"),
    [(family, stack) for family in ("mt5", "m2m_100") for stack in (ENCODER, DECODER)],
)
def test_a_model_of_ones_own_says_what_the_engine_says(family, stack, positions):
    model = read_model(*TWO_STACKS[family])
    engine = tried(own_model(model, ending_tokenizer(), stack))
    rows = [Row(text, pushed(4.0, positions)) for text in TEXTS]
    answers = [answer.ids for answer in generate(engine, rows, TOKENS)]
    given = ending_tokenizer()(
        list(TEXTS), return_tensors="pt", padding=True, return_token_type_ids=False
    )
    model.generation_config = transformers.GenerationConfig(
        decoder_start_token_id=engine.start[0], pad_token_id=0, eos_token_id=2
    )
    vector = pushed(1.0)[0].vectors[2]
    with steered_model(
        model, ending_tokenizer(), vector, [2], 4.0, positions=positions, stack=stack
    ):
        out = model.generate(**given, max_new_tokens=TOKENS.tokens, do_sample=False)
    for answer, row in zip(answers, out[:, len(engine.start) :].tolist()):
        assert tuple(row[: len(answer)]) == answer


def test_an_encoder_writes_nothing_and_says_so():
    engine = tried(read_engine("bert"))
    row = Row(TEXTS[0])
    for act in (
        lambda: generate(engine, [row], TOKENS),
        lambda: continuations(engine, [row], OPTIONS[:1]),
        lambda: option_scores(engine, [row], OPTIONS[:1]),
        lambda: next_distribution(engine, [row]),
    ):
        with pytest.raises(
            ModelError, match="is an encoder: it reads texts and writes"
        ):
            act()
    model = read_model(*ENCODERS["bert"])
    with (
        pytest.raises(ModelError, match="so it cannot be steered.*with a decoder"),
        steered_model(model, tokenizer(), np.ones(HIDDEN, np.float32)),
    ):
        pass
    assert logit_lens(engine) is None


@pytest.mark.parametrize("family", ["t5", "mt5", "mbart"])
def test_the_logit_lens_stands_on_the_decoder_alone(family):
    assert logit_lens(read_engine(family, ENCODER)) is None
    engine = read_engine(family, DECODER)
    lens = logit_lens(engine)
    assert lens is not None
    (prompt,) = encoded_texts(engine, TEXTS[1:2])
    given = {"decoder_input_ids": torch.tensor([engine.start])}
    with torch.inference_mode():
        out = engine.model(torch.tensor([prompt]), **given)
    shares = lens.token_shares(states(engine, 1)[1:2, -1])[0]
    torch.testing.assert_close(
        shares, out.logits[0, -1].softmax(-1), atol=1e-5, rtol=1e-3
    )


@pytest.mark.parametrize("family", [*TWO_STACKS, *ENCODERS])
def test_every_family_is_loaded_and_sized_without_a_switch(home, family):
    folder = home / "models" / "read"
    save_read(folder, *{**TWO_STACKS, **ENCODERS}[family])
    kind = BOTH if family in TWO_STACKS else ENCODER
    assert folder_kind(folder) == kind
    stacks = (ENCODER, DECODER) if kind == BOTH else ("", ENCODER)
    for stack in stacks:
        spec = ModelSpec("read", stack=stack)
        seen, engine = preflight(spec), load(spec)
        assert (seen.kind, engine.kind, engine.notices) == (kind, kind, ())
        assert (seen.stack, engine.stack) == (stack or ENCODER, stack or ENCODER)
        assert (seen.layers, seen.hidden) == (len(engine.blocks), HIDDEN)
        held = sum(weights.numel() for weights in engine.model.parameters())
        assert seen.parameters == held
    np.testing.assert_allclose(
        states(engine, 1), states(read_engine(family, stacks[-1]), 1), atol=1e-5
    )


@pytest.mark.parametrize("family", REFUSED)
def test_a_family_that_is_not_read_ends_in_a_sentence(home, family):
    name, options, words = REFUSED[family]
    config = config_of(name, options)
    auto = transformers.AutoModelForSeq2SeqLM
    auto = auto if config.is_encoder_decoder else auto_class(config)
    folder = home / "models" / "odd"
    auto.from_config(config).save_pretrained(folder)
    ending_tokenizer().save_pretrained(folder)
    with pytest.raises(ModelError, match=f"{words}.*Choose") as error:
        tried(load(ModelSpec("odd")))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("save_as", ["ForMaskedLM", "ForPreTraining", "Model"])
def test_an_encoder_is_read_whatever_stands_on_it(home, save_as):
    folder = home / "models" / "read"
    config = config_of(*ENCODERS["bert"])
    torch.manual_seed(0)
    model = getattr(transformers, f"Bert{save_as}")(config).eval()
    model.save_pretrained(folder)
    ending_tokenizer().save_pretrained(folder)
    engine = load(ModelSpec("read"))
    own = own_model(model, ending_tokenizer())
    np.testing.assert_allclose(states(engine, 1), states(own, 1), atol=1e-6)
    assert engine.notices == ()


def test_the_encoder_of_two_stacks_is_read_alone(home):
    folder = home / "models" / "read"
    torch.manual_seed(0)
    model = transformers.MT5EncoderModel(config_of(*TWO_STACKS["mt5"])).eval()
    model.save_pretrained(folder)
    ending_tokenizer().save_pretrained(folder)
    engine = tried(load(ModelSpec("read")))
    assert engine.kind == ENCODER and len(engine.blocks) == 4
    given = {"input_ids": torch.tensor(encoded_texts(engine, TEXTS[:1]))}
    with torch.inference_mode():
        out = model(**given, output_hidden_states=True)
    listed = torch.stack(out.hidden_states[1:-1])[:, 0, 1:-ENDING].mean(1)
    np.testing.assert_allclose(states(engine, 1)[0, :-1], listed, atol=1e-6)


def test_weights_of_more_blocks_than_are_asked_for_are_refused_in_either_stack(home):
    folder = home / "models" / "cut"
    save_read(folder, *TWO_STACKS["t5"])
    path = folder / "config.json"
    whole = json.loads(path.read_text())
    for name, told in (("num_layers", 4), ("num_decoder_layers", 3)):
        path.write_text(json.dumps(whole | {name: 2}))
        with pytest.raises(ModelError, match=f"asks for 2 layers.*weights of {told}"):
            load(ModelSpec("cut"))


@pytest.mark.parametrize(
    ("family", "stack", "words"),
    [
        ("bert", DECODER, "is an encoder: it has no decoder whose states"),
        ("llama", ENCODER, "is a decoder: it has no encoder whose states"),
    ],
)
def test_a_stack_that_a_model_lacks_is_refused(home, family, stack, words):
    name = family
    if family in ENCODERS:
        save_read(home / "models" / family, *ENCODERS[family])
    else:
        save(home / "models" / family, family)
    for look in (preflight, load):
        with pytest.raises(AnalysisError, match=f"{name} {words}.*Choose the states"):
            look(ModelSpec(name, stack=stack))


@pytest.mark.parametrize("family", ["bert", "xlm-roberta", "mpnet", "bart", "t5"])
def test_the_longest_text_is_read_and_a_longer_one_refused(family):
    engine = read_engine(family)
    if family == "t5":
        assert engine.window > 10**6
        return
    kept = {"xlm-roberta": 1, "mpnet": 2}.get(family, 0)
    room = engine.window - 1 - ENDING
    assert room == WINDOW - kept - 1 - ENDING
    stream(engine, ["a" * room], [Collected(1, 4, HIDDEN)], Reading(position=MEAN))
    with pytest.raises(CorpusError, match="longer than the model's window"):
        stream(engine, ["a" * (room + 1)], [], Reading(position=MEAN))


def test_a_text_of_nothing_but_special_tokens_has_no_mean():
    engine = read_engine("bert")
    with pytest.raises(CorpusError, match="1 text.*no mean over tokens.*'</s>'"):
        stream(engine, ["fair", "</s>"], [], Reading(position=MEAN))


def test_a_prompt_and_its_answer_lie_in_windows_of_their_own():
    engine = read_engine("bart", DECODER)
    row = Row("a" * (WINDOW - 2))
    (answer,) = generate(engine, [row], GenerationSpec(3))
    assert len(answer.ids) <= 3
    with pytest.raises(SpecError, match="window is 128"):
        generate(engine, [Row("a" * (WINDOW - 1))], GenerationSpec(3))
    with pytest.raises(SpecError, match="window is 128"):
        generate(engine, [Row("a")], GenerationSpec(WINDOW))


def test_a_decoder_that_does_not_say_how_it_begins_is_told_by_its_own_tokens():
    model = read_model(*TWO_STACKS["t5"])
    model.generation_config.decoder_start_token_id = None
    model.config.decoder_start_token_id = None
    model.config.bos_token_id = model.config.pad_token_id = None
    model.generation_config.bos_token_id = None
    model.generation_config.pad_token_id = None
    engine = own_model(model, ending_tokenizer(), DECODER)
    with pytest.raises(ModelError, match="does not say with which token its decoder"):
        states(engine, 1)


NO_TEXT = (
    *("esm", "esmc", "layoutlm", "modernvbert", "neomme", "perceiver", "tapas"),
    "ultravbert",
)
"""Models of proteins, pictures and tables among those that fill gaps."""


def test_every_kind_of_model_that_the_library_knows_is_told():
    masked = set(MODEL_FOR_MASKED_LM_MAPPING_NAMES)
    two = set(MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES)
    assert set(model_kinds.ENCODERS) == masked - two - set(NO_TEXT)
    assert set(model_kinds.ENCODER_DECODERS) <= two
    assert set(TWO_STACKS) == set(model_kinds.ENCODER_DECODERS)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({}, DECODER),
        ({"model_type": "llama"}, DECODER),
        ({"model_type": "bert", "architectures": ["BertLMHeadModel"]}, DECODER),
        ({"model_type": "bert", "is_decoder": True}, DECODER),
        ({"model_type": "bert", "architectures": ["BertModel"]}, ENCODER),
        ({"model_type": "bert", "architectures": None}, ENCODER),
        ({"model_type": "mt5"}, BOTH),
        ({"model_type": "bart", "is_encoder_decoder": True}, BOTH),
        ({"model_type": "t5", "architectures": ["T5EncoderModel"]}, ENCODER),
        ({"model_type": "bart", "architectures": ["BartForCausalLM"]}, BOTH),
    ],
)
def test_a_kind_is_told_from_a_configuration(said, kind):
    assert told_kind(said) == kind


@pytest.mark.parametrize("family", ["mt5", "bert"])
def test_gguf_files_are_unpacked_of_decoders_only(family):
    config = config_of(*{**TWO_STACKS, **ENCODERS}[family])
    with pytest.raises(ModelError, match="tiny is an encoder.*Choose its safetensors"):
        check_decoder(config, "tiny")


PIECES = ["<pad>", "</s>", "<unk>", "▁", "▁fair", "▁judge", "s", "a", "e", "r", "t"]


def unigram_tokenizer() -> transformers.PreTrainedTokenizerFast:
    """A tokenizer of T5's form: pieces of words, a text ended by </s>, no beginning."""
    scores = [(piece, -float(number)) for number, piece in enumerate(PIECES)]
    return transformers.T5TokenizerFast(vocab=scores, extra_ids=0)


def wordpiece_tokenizer() -> transformers.PreTrainedTokenizerFast:
    """A tokenizer of BERT's form, which has no token for padding."""
    names = ["[UNK]", "[CLS]", "[SEP]", "[MASK]", "fair", "judge", "##s"]
    vocabulary = {name: number for number, name in enumerate(names)}
    core = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    core.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    core.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    special = {"unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    return transformers.PreTrainedTokenizerFast(tokenizer_object=core, **special)


@pytest.mark.parametrize(
    ("family", "made", "before"),
    [("mt5", unigram_tokenizer, 0), ("bert", wordpiece_tokenizer, 1)],
)
def test_tokenizers_of_such_models_are_read_from_their_files(
    home, family, made, before
):
    folder = home / "models" / "read"
    save_read(folder, *{**TWO_STACKS, **ENCODERS}[family])
    for path in folder.glob("*token*"):
        path.unlink()
    made().save_pretrained(folder)
    engine = tried(load(ModelSpec("read")))
    rows = encoded_texts(engine, ["fair judges", "fair"])
    assert len(rows[0]) - len(rows[1]) in (2, 3) and rows[0][-1] == rows[1][-1]
    texts = ["fair judges", "fair", "judge fair judges"]
    for position in (LAST, MEAN):
        alone, together = (
            ModelReader(engine, "none", position=position) for _ in range(2)
        )
        apart = np.concatenate([alone.states([text]) for text in texts])
        np.testing.assert_allclose(together.states(texts), apart, atol=1e-5)
    own = by_plain_hooks(engine, "fair")[:, before:-1]
    np.testing.assert_allclose(apart[1], own.mean(1), atol=1e-5)


def test_the_documentation_names_every_family_that_is_tried():
    said = (Path(__file__).parent.parent / "docs" / "models.md").read_text()
    named = {*ENCODERS, *TWO_STACKS, *FAMILIES, *OTHERS, *REFUSED}
    assert [family for family in sorted(named) if f"`{family}`" not in said] == []


def test_a_head_of_its_own_is_kept_and_sized(home):
    """mT5 says that it has one; the library ties it unless the weights differ."""
    folder = home / "models" / "own"
    save_read(folder, *TWO_STACKS["mt5"])
    weights = load_file(folder / "model.safetensors")
    head = torch.randn_like(weights["shared.weight"])
    weights["lm_head.weight"] = head
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    path = folder / "config.json"
    known = json.loads(path.read_text()) | {"tie_word_embeddings": False}
    path.write_text(json.dumps(known))
    model = load(ModelSpec("own")).model
    assert torch.equal(model.lm_head.weight, head)
    held = sum(weights.numel() for weights in model.parameters())
    assert preflight(ModelSpec("own")).parameters == held
