"""Tiny random models of many families with a byte-level tokenizer, made in code; they
say nothing and do it quickly.
"""

from pathlib import Path

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

LAYERS, HIDDEN, WINDOW, VOCABULARY = 3, 32, 128, 300
COMMON = {
    "vocab_size": VOCABULARY,
    "hidden_size": HIDDEN,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 4,
    "initializer_range": 0.1,  # wide enough for attention to matter
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
LLAMA_LIKE = COMMON | {
    "intermediate_size": 64,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": WINDOW,
}
FAMILIES: dict[str, tuple[str, dict]] = {
    "llama": ("LlamaConfig", LLAMA_LIKE),
    "mistral": ("MistralConfig", LLAMA_LIKE | {"sliding_window": 8}),
    "qwen2": ("Qwen2Config", LLAMA_LIKE),
    "qwen3": ("Qwen3Config", LLAMA_LIKE),
    "gemma2": ("Gemma2Config", LLAMA_LIKE),
    "gemma3": ("Gemma3TextConfig", LLAMA_LIKE),
    "phi3": ("Phi3Config", LLAMA_LIKE),
    "bloom": ("BloomConfig", COMMON),
    "gpt2": ("GPT2Config", COMMON | {"n_positions": WINDOW}),
    "gpt_neox": (
        "GPTNeoXConfig",
        COMMON | {"intermediate_size": 64, "max_position_embeddings": WINDOW},
    ),
    "opt": (
        "OPTConfig",
        COMMON
        | {
            "ffn_dim": 64,
            "max_position_embeddings": WINDOW,
            "word_embed_proj_dim": HIDDEN,
        },
    ),
    "falcon": ("FalconConfig", COMMON),
}


def build(family: str = "llama", **changes: object) -> transformers.PreTrainedModel:
    """A random causal language model of a family, the same at every call."""
    name, options = FAMILIES[family]
    torch.manual_seed(0)
    return transformers.AutoModelForCausalLM.from_config(
        getattr(transformers, name)(**options | changes)
    ).eval()


def tokenizer(begin: bool = True) -> transformers.PreTrainedTokenizerFast:
    """One token per byte, after a token that begins the text unless ``begin`` is false."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {
        token: i for i, token in enumerate(["<pad>", "<s>", "</s>", *letters])
    }
    core = Tokenizer(models.BPE(vocabulary, []))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(
        add_prefix_space=False, use_regex=False
    )
    core.decoder = decoders.ByteLevel()
    if begin:
        core.post_processor = processors.TemplateProcessing(
            single="<s> $A", special_tokens=[("<s>", 1)]
        )
    names = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>"}
    return transformers.PreTrainedTokenizerFast(tokenizer_object=core, **names)


def save(
    folder: Path, family: str = "llama", begin: bool = True, **changes: object
) -> transformers.PreTrainedModel:
    """Write model (safetensors) and tokenizer into a folder; returns the model."""
    model = build(family, **changes)
    model.save_pretrained(folder)
    tokenizer(begin).save_pretrained(folder)
    return model
