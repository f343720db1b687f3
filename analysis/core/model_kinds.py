"""What kinds of language models there are, and what can be done with each.

Nothing here loads a model: a kind is told from a configuration.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.core.errors import ModelError, SpecError
from analysis.core.positions import LAST, MEAN, WEIGHTED
from analysis.core.specs import DECODER, ENCODER

BOTH = "encoder-decoder"
CONFIG = "config.json"


@dataclass(frozen=True)
class Abilities:
    """What can be done with a model of a kind.

    ``reads``: stacks whose states can be read, the usual one first. ``writes``: it goes
    on with a text or answers it. ``scores``: it says how likely an answer is. ``steers``:
    stacks whose states can be pushed while it writes. ``says``: all that in a sentence.
    """

    kind: str
    reads: tuple[str, ...]
    writes: bool
    scores: bool
    steers: tuple[str, ...]
    says: str


KINDS = {
    DECODER: Abilities(
        DECODER,
        reads=(DECODER,),
        writes=True,
        scores=True,
        steers=(DECODER,),
        says="A decoder: its states can be read and pushed, it writes, and it weighs "
        "answers.",
    ),
    ENCODER: Abilities(
        ENCODER,
        reads=(ENCODER,),
        writes=False,
        scores=False,
        steers=(),
        says="An encoder: its states can be read. It has no decoder, so it writes "
        "nothing: it cannot be steered, and it weighs no answers.",
    ),
    BOTH: Abilities(
        BOTH,
        reads=(ENCODER, DECODER),
        writes=True,
        scores=True,
        steers=(ENCODER, DECODER),
        says="An encoder-decoder: the states of its encoder are read and pushed unless "
        "those of its decoder are chosen. It writes, and it weighs answers.",
    ),
}
"""Kind of model → what can be done with it."""
ENCODERS = (
    *("albert", "bert", "big_bird", "camembert", "convbert", "data2vec-text"),
    *("deberta", "deberta-v2", "distilbert", "electra", "ernie", "eurobert"),
    *("flaubert", "fnet", "funnel", "gte", "ibert", "jina_embeddings_v3"),
    *("longformer", "luke", "megatron-bert", "mobilebert", "modernbert", "mpnet"),
    *("mra", "nomic_bert", "nystromformer", "reformer", "rembert", "roberta"),
    *("roberta-prelayernorm", "roc_bert", "roformer", "squeezebert", "ultrabert"),
    *("xlm", "xlm-roberta", "xlm-roberta-xl", "xmod", "yoso"),
)
"""Types of models of text that fill gaps, unless their configuration says otherwise."""
ENCODER_DECODERS = (
    *("bart", "blenderbot", "blenderbot-small", "longt5", "m2m_100", "marian", "mbart"),
    *("mt5", "nllb-moe", "pegasus", "plbart", "switch_transformers", "t5", "t5gemma"),
    "umt5",
)
"""Types of models of text with two stacks whose blocks are known to be read rightly."""
PLACES = {
    LAST: "at the last token of a text",
    MEAN: "as means over the tokens of a text",
    WEIGHTED: "as means over the tokens of a text, later ones with more weight",
}
"""Position → what papers and captions say of it."""
CAUSAL_ENDINGS = ("ForCausalLM", "LMHeadModel", "ForConditionalGeneration")
ENCODER_ENDING = "EncoderModel"
"""How the class of an encoder-decoder's encoder alone is called."""


def told_kind(said: Mapping[str, Any]) -> str:
    """A model's kind from what its configuration says; a decoder's where it says little."""
    type_name = said.get("model_type")
    names = classes_of(said)
    if any(name.endswith(ENCODER_ENDING) for name in names):
        return ENCODER
    if said.get("is_encoder_decoder", type_name in ENCODER_DECODERS):
        return BOTH
    if type_name in ENCODERS and not says_causal(said):
        return ENCODER
    return DECODER


def says_causal(said: Mapping[str, Any]) -> bool:
    """Whether a configuration calls its model a decoder."""
    if said.get("is_decoder", False):
        return True
    return any(name.endswith(CAUSAL_ENDINGS) for name in classes_of(said))


def classes_of(said: Mapping[str, Any]) -> Sequence[str]:
    """Names of the classes that a configuration asks for."""
    names = said.get("architectures") or []
    return [name for name in names if isinstance(name, str)]


def folder_kind(folder: Path) -> str:
    """The kind of the model in a folder; a decoder's where the folder does not say."""
    try:
        said = json.loads((folder / CONFIG).read_bytes())
    except (OSError, ValueError, RecursionError):
        return DECODER
    return told_kind(said) if isinstance(said, Mapping) else DECODER


def usual_position(kind: str) -> str:
    """Where the states of a model are read where nothing is chosen.

    The last token of a decoder has seen all others; in an encoder every token has, and
    none stands for the text.
    """
    return LAST if kind == DECODER else MEAN


def read_in_words(kind: str, stack: str, position: str) -> str:
    """Whence and where states are read, to stand behind “states were read”."""
    if kind == BOTH and stack == DECODER:
        return "from its decoder at the token with which an answer begins"
    place = PLACES.get(position, "")
    if kind == DECODER:
        return place
    return f"from its encoder {place}".strip()


def chosen_stack(kind: str, stack: str, model: str) -> str:
    """The stack that is read; SpecError for one that a model does not have."""
    reads = KINDS[kind].reads
    if not stack:
        return reads[0]
    if stack not in reads:
        raise SpecError(
            f"{model} is {with_article(kind)}: it has no {stack} whose states could be "
            f"read. Choose the states of its {reads[0]}, or another model."
        )
    return stack


def check_writes(kind: str, model: str, wish: str = "answer") -> None:
    """ModelError for a model that has nothing to write with."""
    if not KINDS[kind].writes:
        raise ModelError(no_writing(model, wish))


def no_writing(model: str, wish: str = "answer") -> str:
    """Why an encoder does not do what only a model that writes can do, in a sentence."""
    return (
        f"{model} is an encoder: it reads texts and writes none, so it cannot {wish}. "
        "Its words, concept vectors, layers and alignment can be studied; to steer, "
        "choose a model with a decoder, such as a Llama, Qwen, Gemma or mT0."
    )


def with_article(kind: str) -> str:
    """A kind of model as a noun."""
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
