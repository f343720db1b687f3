"""Tiny random models written as GGUF files, the way llama.cpp's own converter does."""

from pathlib import Path

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as Kind
from gguf import GGUFWriter
from gguf.quants import quantize

from tests.tiny import build

ARCHITECTURES = {"llama": "llama", "qwen2": "qwen2", "gemma3": "gemma3"}
FILE_TYPES = {"F32": 0, "F16": 1, "Q4_0": 2, "Q8_0": 7, "BF16": 32}
NORMS_FROM_ONE = ("gemma3",)
"""Families of which llama.cpp keeps the weights of norms with 1 added."""


def reordered(weights: np.ndarray, heads: int) -> np.ndarray:
    """Rows of queries or keys in the order in which llama.cpp turns them."""
    half = weights.shape[0] // heads // 2
    by_head = weights.reshape(heads, 2, half, *weights.shape[1:])
    return by_head.swapaxes(1, 2).reshape(weights.shape)


def as_stored(name: str, weights: np.ndarray, family: str, config) -> np.ndarray:
    """A tensor as llama.cpp's converter changes it."""
    if family == "llama" and "q_proj" in name:
        return reordered(weights, config.num_attention_heads)
    if family == "llama" and "k_proj" in name:
        return reordered(weights, config.num_key_value_heads)
    if family in NORMS_FROM_ONE and "norm" in name:
        return weights + 1
    return weights


def add_shape(writer: GGUFWriter, config) -> None:
    """What a file says of a model's shape."""
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    rope = config.rope_parameters
    writer.add_rope_freq_base(rope.get("full_attention", rope)["rope_theta"])
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    if getattr(config, "sliding_window", None):
        writer.add_sliding_window(config.sliding_window)


def add_sentence_pieces(writer: GGUFWriter, size: int) -> None:
    """A vocabulary of bytes and a few pieces, as SentencePiece has it."""
    tokens = ["<pad>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    pieces = ["▁", *"abcdefghijklmnopqrstuvwxyz", "▁a", "ab"]
    tokens += pieces
    tokens += [f"<unused{n}>" for n in range(size - len(tokens))]
    kinds = [3, 3, 3] + [6] * 256 + [1] * (size - 259)
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_scores([-float(n) for n in range(size)])
    writer.add_token_types(kinds)
    writer.add_unk_token_id(0)
    writer.add_add_space_prefix(False)
    writer.add_add_bos_token(True)


def add_bytes(writer: GGUFWriter, size: int, way: str) -> None:
    """A vocabulary of bytes as GPT-2 spells them, with one merge."""
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    letters = list(bytes_to_unicode().values())
    tokens = ["<pad>", "<s>", "</s>", *letters, "ab", "12"]
    tokens += [f"<unused{n}>" for n in range(size - len(tokens))]
    kinds = [3, 3, 3] + [1] * (size - 3)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(way)
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(["a b", "1 2"])
    writer.add_add_bos_token(False)


def write(
    path: Path,
    family: str = "llama",
    kind: str = "F32",
    way: str = "",
    leave_out: str = "",
    tensors_a_file: int = 0,
    kind_of_file: str = "model",
    **changes: object,
) -> torch.nn.Module:
    """Write a tiny random model as GGUF; returns the model.

    ``way``: of cutting texts, for a vocabulary of bytes; “”: SentencePiece.
    ``leave_out``: a tensor that is not written. ``tensors_a_file``: cut into several.
    """
    model = build(family, **changes)
    config = model.config
    architecture = ARCHITECTURES.get(family, family)
    writer = GGUFWriter(path, architecture, split_max_tensors=tensors_a_file)
    writer.add_file_type(FILE_TYPES[kind])
    writer.add_license("mit")
    writer.add_type(kind_of_file)
    add_shape(writer, config)
    if way:
        add_bytes(writer, config.vocab_size, way)
    else:
        add_sentence_pieces(writer, config.vocab_size)
    writer.add_pad_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    number = next(
        key for key, name in gguf.MODEL_ARCH_NAMES.items() if name == architecture
    )
    names = gguf.get_tensor_name_map(number, config.num_hidden_layers)
    for name, parameter in model.named_parameters():
        ending = name.rpartition(".")[2]
        called = f"{names.get_name(name.removesuffix('.' + ending))}.{ending}"
        if called != leave_out:
            weights = as_stored(name, parameter.detach().numpy(), family, config)
            add_tensor(writer, called, np.ascontiguousarray(weights), kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return model


def add_tensor(writer: GGUFWriter, name: str, weights: np.ndarray, kind: str) -> None:
    """A tensor in an encoding; vectors are always plain."""
    if kind == "F32" or weights.ndim == 1:
        writer.add_tensor(name, weights.astype(np.float32))
        return
    encoding = Kind[kind]
    writer.add_tensor(name, quantize(weights, encoding), raw_dtype=encoding)
