"""The demo model's tokenizer: byte-level BPE trained on the small world.

Every language has the same share.
"""

from collections.abc import Iterator
from itertools import islice

from tokenizers import (
    Regex,
    Tokenizer,
    decoders,
    models,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import PreTrainedTokenizerFast

from analysis.demo.text import ASSISTANT, USER, documents

VOCABULARY = 6144
BEGIN, END, PAD = "<s>", "</s>", "<pad>"
# Letters keep their combining marks (Tamil, Telugu); Han characters stand alone, so no
# whole clause becomes one token.
WORDS = Regex(
    r"\p{Han}|[\p{Hiragana}\p{Katakana}ー]+"
    r"|[^\S\n]?(?:(?!\p{Han}|\p{Hiragana}|\p{Katakana})[\p{L}\p{M}])+"
    r"|\p{N}|[^\S\n]?[^\s\p{L}\p{M}\p{N}]+|\s+"
)
CHAT_TEMPLATE = (
    "{{ bos_token }}"
    "{% for message in messages %}"
    "{{ ('<|user|>' if message['role'] == 'user' else '<|assistant|>') "
    "+ message['content'] }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def plain_texts(seed: int, count: int) -> Iterator[str]:
    """The texts of so many documents, every language with the same share."""
    for _, document in islice(documents(seed, even=True), count):
        for text, _ in document:
            yield text


def id_of(tokenizer: PreTrainedTokenizerFast, token: str) -> int:
    """The id of a special token."""
    found = tokenizer.convert_tokens_to_ids(token)
    assert isinstance(found, int)
    return found


def train_tokenizer(seed: int, texts: int = 60_000) -> PreTrainedTokenizerFast:
    """Train the tokenizer on ``texts`` documents."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(WORDS, "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[PAD, BEGIN, END, USER, ASSISTANT],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(plain_texts(seed, texts), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BEGIN} $A", special_tokens=[(BEGIN, tokenizer.token_to_id(BEGIN))]
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=BEGIN,
        eos_token=END,
        pad_token=PAD,
        padding_side="right",
        model_max_length=256,
        clean_up_tokenization_spaces=False,
    )
    fast.chat_template = CHAT_TEMPLATE
    return fast
