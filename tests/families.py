"""Tiny random models of families whose blocks, caches or windows are unlike a Llama's."""

import json
from functools import cache
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file
from tokenizers import processors

from analysis.core.specs import ModelSpec
from analysis.model.hub import Source
from analysis.model.load import Loaded
from analysis.model.own_model import own_model
from analysis.model.stacks import auto_class, find_blocks
from tests.tiny import COMMON, FAMILIES, LLAMA_LIKE, WINDOW, build, save, tokenizer

FOUR = {"num_hidden_layers": 4}
LLAMA = LLAMA_LIKE | FOUR
PLAIN = COMMON | FOUR
EXPERTS = {"num_experts": 2, "num_experts_per_tok": 1}
MAMBA2 = {
    "mamba_n_heads": 4,
    "mamba_d_head": 16,
    "mamba_n_groups": 1,
    "mamba_d_state": 8,
    "mamba_chunk_size": 8,
}
DELTA = {
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 2,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
}
GPT = {"vocab_size": 300, "initializer_range": 0.1}
OTHERS: dict[str, tuple[str, dict]] = {
    "mamba": ("MambaConfig", PLAIN | {"state_size": 4, "time_step_rank": 4}),
    "jamba": (
        "JambaConfig",
        LLAMA
        | EXPERTS
        | {
            "attn_layer_period": 2,
            "attn_layer_offset": 1,
            "expert_layer_period": 2,
            "expert_layer_offset": 1,
            "mamba_d_state": 4,
            "mamba_dt_rank": 4,
        },
    ),
    "falcon_h1": ("FalconH1Config", LLAMA | MAMBA2 | {"mamba_d_ssm": 64}),
    "lfm2": (
        "Lfm2Config",
        LLAMA
        | {
            "layer_types": ["conv", "full_attention"] * 2,
            "block_auto_adjust_ff_dim": False,
        },
    ),
    "qwen3_next": (
        "Qwen3NextConfig",
        LLAMA
        | EXPERTS
        | DELTA
        | {"moe_intermediate_size": 16, "shared_expert_intermediate_size": 16},
    ),
    "qwen3_5": ("Qwen3_5TextConfig", LLAMA | DELTA),
    "granite_hybrid": (
        "GraniteMoeHybridConfig",
        LLAMA
        | MAMBA2
        | {
            "layer_types": ["mamba", "attention"] * 2,
            "num_local_experts": 2,
            "num_experts_per_tok": 1,
            "shared_intermediate_size": 32,
        },
    ),
    "gpt1": (
        "OpenAIGPTConfig",
        GPT | {"n_positions": WINDOW, "n_embd": 32, "n_layer": 4, "n_head": 4},
    ),
    "llama4": (
        "Llama4TextConfig",
        LLAMA
        | {"intermediate_size_mlp": 64, "num_local_experts": 2, "attn_scale": 0.1},
    ),
    "gemma4": (
        "Gemma4TextConfig",
        LLAMA
        | {
            "vocab_size_per_layer_input": 300,
            "hidden_size_per_layer_input": 8,
            "num_kv_shared_layers": 2,
            "layer_types": ["sliding_attention", "full_attention"] * 2,
            "global_head_dim": 8,
        },
    ),
    "mpt": (
        "MptConfig",
        GPT | {"d_model": 32, "n_heads": 4, "n_layers": 4, "max_seq_len": WINDOW},
    ),
    "rwkv": (
        "RwkvConfig",
        PLAIN | {"attention_hidden_size": 32, "context_length": WINDOW},
    ),
    "minimax": (
        "MiniMaxConfig",
        LLAMA
        | {
            "num_local_experts": 2,
            "num_experts_per_tok": 1,
            "layer_types": ["linear_attention", "full_attention"] * 2,
            "block_size": 8,
        },
    ),
}
OTHERS |= {
    "mamba2": (
        "Mamba2Config",
        PLAIN
        | {"state_size": 8, "num_heads": 8, "head_dim": 8}
        | {"n_groups": 1, "chunk_size": 8, "expand": 2},
    ),
    "falcon_mamba": (
        "FalconMambaConfig",
        PLAIN | {"state_size": 4, "time_step_rank": 4},
    ),
    "bamba": ("BambaConfig", LLAMA | MAMBA2 | {"attn_layer_indices": [1, 3]}),
    "zamba": (
        "ZambaConfig",
        LLAMA
        | {"mamba_d_state": 4, "mamba_dt_rank": 4, "n_mamba_heads": 2}
        | {"layers_block_type": ["mamba", "hybrid"] * 2},
    ),
    "zamba2": (
        "Zamba2Config",
        LLAMA
        | {"mamba_d_state": 8, "mamba_ngroups": 1, "n_mamba_heads": 8}
        | {"mamba_headdim": 8, "chunk_size": 8, "num_mem_blocks": 1}
        | {"layers_block_type": ["mamba", "hybrid"] * 2, "hybrid_layer_ids": [1, 3]},
    ),
    "recurrent_gemma": (
        "RecurrentGemmaConfig",
        LLAMA
        | {"lru_width": 32, "attention_window_size": 16}
        | {"block_types": ["recurrent", "attention"]},
    ),
    "nemotron_h": (
        "NemotronHConfig",
        LLAMA
        | {"layers_block_type": ["mamba", "attention", "mamba", "mlp"]}
        | {"ssm_state_size": 8, "mamba_num_heads": 8, "mamba_head_dim": 8}
        | {"n_groups": 1, "chunk_size": 8},
    ),
    "olmo_hybrid": (
        "OlmoHybridConfig",
        LLAMA | DELTA | {"layer_types": ["linear_attention", "full_attention"] * 2},
    ),
    "lfm2_moe": (
        "Lfm2MoeConfig",
        LLAMA
        | EXPERTS
        | {"layer_types": ["conv", "full_attention"] * 2}
        | {"moe_intermediate_size": 16, "num_dense_layers": 1},
    ),
}
XLSTM = (
    "xLSTMConfig",
    {"vocab_size": 300, "hidden_size": 32, "num_hidden_layers": 4}
    | {"num_heads": 4, "chunk_size": 16},
)
"""A family that reads but, in this version of the library, fails when it writes."""
HYBRID = (
    *("mamba", "mamba2", "falcon_mamba", "jamba", "falcon_h1", "bamba", "zamba"),
    *("zamba2", "recurrent_gemma", "nemotron_h", "olmo_hybrid", "lfm2", "lfm2_moe"),
    *("qwen3_next", "qwen3_5", "minimax"),
)
"""Families whose cache is not that of attention in every layer."""
EVERY = (*FAMILIES, *OTHERS)
GEMMA3N = (
    "Gemma3nTextConfig",
    LLAMA
    | {
        "intermediate_size": [64] * 4,
        "vocab_size_per_layer_input": 300,
        "hidden_size_per_layer_input": 8,
        "num_kv_shared_layers": 0,
        "laurel_rank": 4,
        "activation_sparsity_pattern": [0.0] * 4,
        "layer_types": ["sliding_attention", "full_attention"] * 2,
    },
)
"""Its blocks pass on four streams of states."""


def built(name: str, options: dict) -> transformers.PreTrainedModel:
    """A random model of a configuration, the same at every call."""
    torch.manual_seed(0)
    config = getattr(transformers, name)(**options)
    return transformers.AutoModelForCausalLM.from_config(config).eval()


def model_of(family: str) -> transformers.PreTrainedModel:
    """A tiny random model of any family."""
    if family in FAMILIES:
        return build(family)
    return built(*OTHERS[family])


@cache
def engine_of(family: str) -> Loaded:
    """The same as the engine sees it."""
    model = model_of(family)
    text = model.config.get_text_config()
    return Loaded(
        ModelSpec(family),
        Source(family, None, "local"),
        model,
        tokenizer(),
        find_blocks(model, text.num_hidden_layers),
        text.hidden_size,
    )


def save_as(folder: Path, name: str, options: dict) -> None:
    """Write a model of a configuration, and the tokenizer, into a folder."""
    built(name, options).save_pretrained(folder)
    tokenizer().save_pretrained(folder)


def save_fp8(folder: Path) -> None:
    """Write a Llama whose linear layers are kept in FP8, in blocks with a scale each."""
    save(
        folder,
        "llama",
        hidden_size=128,
        intermediate_size=128,
        head_dim=32,
        initializer_range=0.05,
    )
    weights = load_file(folder / "model.safetensors")
    stored = {}
    for name, weight in weights.items():
        if "_proj." not in name:
            stored[name] = weight.to(torch.bfloat16)
            continue
        scale = weight.abs().max() / 448
        stored[name] = (weight / scale).to(torch.float8_e4m3fn)
        rows, columns = -(-weight.shape[0] // 128), -(-weight.shape[1] // 128)
        stored[f"{name}_scale_inv"] = scale.expand(rows, columns).contiguous()
    save_file(stored, folder / "model.safetensors", metadata={"format": "pt"})
    path = folder / "config.json"
    known = json.loads(path.read_text())
    known["dtype"] = "bfloat16"
    known["quantization_config"] = {
        "quant_method": "fp8",
        "activation_scheme": "dynamic",
        "fmt": "e4m3",
        "weight_block_size": [128, 128],
    }
    path.write_text(json.dumps(known))


FP4 = (0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6)
"""What four bits stand for in MXFP4 (E2M1, Open Compute Project 2023)."""
GPT_OSS = LLAMA_LIKE | {
    "num_hidden_layers": 2,
    "num_local_experts": 2,
    "num_experts_per_tok": 1,
    "layer_types": ["sliding_attention", "full_attention"],
}


def save_mxfp4(folder: Path) -> dict[str, torch.Tensor]:
    """Write a GPT-OSS whose experts are kept in MXFP4; the numbers that they stand for.

    Thirty-two numbers of four bits, two a byte, share a power of two.
    """
    save_as(folder, "GptOssConfig", GPT_OSS)
    weights = load_file(folder / "model.safetensors")
    drawn = torch.Generator().manual_seed(0)
    meant, stored = {}, {}
    for name, weight in weights.items():
        if not name.endswith(("experts.gate_up_proj", "experts.down_proj")):
            stored[name] = weight.to(torch.bfloat16)
            continue
        experts, inputs, outputs = weight.shape
        shape = (experts, outputs, inputs // 32, 16)
        packed = torch.randint(0, 256, shape, dtype=torch.uint8, generator=drawn)
        scales = torch.randint(119, 123, shape[:3], dtype=torch.uint8, generator=drawn)
        pairs = torch.stack([packed & 15, packed >> 4], -1).flatten(-2)
        numbers = torch.tensor(FP4)[pairs.long()]
        scaled = numbers * torch.exp2(scales.float() - 127)[..., None]
        meant[name] = scaled.flatten(-2).transpose(1, 2)
        stored[f"{name}_blocks"], stored[f"{name}_scales"] = packed, scales
    save_file(stored, folder / "model.safetensors", metadata={"format": "pt"})
    path = folder / "config.json"
    known = json.loads(path.read_text()) | {"dtype": "bfloat16"}
    known["quantization_config"] = {"quant_method": "mxfp4"}
    path.write_text(json.dumps(known))
    return meant


T5 = {
    "vocab_size": 300,
    "d_model": 32,
    "d_kv": 8,
    "d_ff": 64,
    "num_heads": 4,
    "num_layers": 4,
    "num_decoder_layers": 3,
    "pad_token_id": 0,
    "eos_token_id": 2,
    "decoder_start_token_id": 0,
}
BART = {
    "vocab_size": 300,
    "d_model": 32,
    "encoder_layers": 4,
    "decoder_layers": 3,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
    "max_position_embeddings": WINDOW,
    "init_std": 0.3,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 1,
}
T5GEMMA = LLAMA_LIKE | {
    "num_hidden_layers": 4,
    "layer_types": ["sliding_attention", "full_attention"] * 2,
    "sliding_window": 8,
}
TWO_STACKS: dict[str, tuple[str, dict]] = {
    "t5": ("T5Config", T5),
    "mt5": ("MT5Config", T5 | {"feed_forward_proj": "gated-gelu"}),
    "umt5": ("UMT5Config", T5),
    "longt5": ("LongT5Config", T5),
    "switch_transformers": (
        "SwitchTransformersConfig",
        T5
        | {"num_experts": 2, "num_sparse_encoder_layers": 2}
        | {"num_sparse_decoder_layers": 1},
    ),
    "bart": ("BartConfig", BART),
    "mbart": ("MBartConfig", BART),
    "m2m_100": ("M2M100Config", BART),
    "nllb-moe": (
        "NllbMoeConfig",
        BART
        | {"num_experts": 2, "expert_capacity": 8}
        | {"encoder_sparse_step": 2, "decoder_sparse_step": 2},
    ),
    "marian": ("MarianConfig", BART),
    "pegasus": ("PegasusConfig", BART),
    "plbart": ("PLBartConfig", BART),
    "blenderbot": ("BlenderbotConfig", BART),
    "blenderbot-small": ("BlenderbotSmallConfig", BART),
    "t5gemma": (
        "T5GemmaConfig",
        {"encoder": T5GEMMA, "decoder": T5GEMMA, "vocab_size": 300}
        | {"bos_token_id": 1, "pad_token_id": 0, "eos_token_id": 2},
    ),
}
"""Families of an encoder and a decoder."""
BERT = LLAMA_LIKE | {"num_hidden_layers": 4}
BERT = {name: BERT[name] for name in BERT if name not in ("head_dim", "bos_token_id")}
ENCODERS: dict[str, tuple[str, dict]] = {
    "bert": ("BertConfig", BERT),
    "roberta": ("RobertaConfig", BERT),
    "roberta-prelayernorm": ("RobertaPreLayerNormConfig", BERT),
    "xlm-roberta": ("XLMRobertaConfig", BERT),
    "xlm-roberta-xl": ("XLMRobertaXLConfig", BERT),
    "xmod": (
        "XmodConfig",
        BERT | {"languages": ["en_XX"], "default_language": "en_XX"},
    ),
    "distilbert": (
        "DistilBertConfig",
        GPT
        | {"dim": 32, "n_layers": 4, "n_heads": 4, "hidden_dim": 64}
        | {"max_position_embeddings": WINDOW},
    ),
    "modernbert": (
        "ModernBertConfig",
        BERT | {"local_attention": 8, "cls_token_id": 1, "sep_token_id": 2},
    ),
    "deberta": ("DebertaConfig", BERT),
    "deberta-v2": (
        "DebertaV2Config",
        BERT | {"relative_attention": True, "pos_att_type": ["p2c", "c2p"]},
    ),
    "electra": ("ElectraConfig", BERT | {"embedding_size": 16}),
    "rembert": (
        "RemBertConfig",
        BERT | {"input_embedding_size": 16, "output_embedding_size": 24},
    ),
    "mpnet": ("MPNetConfig", BERT),
    "nomic_bert": ("NomicBertConfig", BERT),
    "eurobert": ("EuroBertConfig", BERT | {"head_dim": 8, "mask_token_id": 3}),
    "gte": ("GteConfig", BERT),
    "jina_embeddings_v3": ("JinaEmbeddingsV3Config", BERT),
    "roformer": ("RoFormerConfig", BERT),
    "fnet": ("FNetConfig", BERT),
    "convbert": ("ConvBertConfig", BERT),
}
"""Families of an encoder alone."""
FEELS_NEIGHBOURS = ("fnet", "convbert")
"""Those that take no heed of padding, so that each text is read by itself."""
REFUSED: dict[str, tuple[str, dict, str]] = {
    "albert": ("AlbertConfig", BERT | {"embedding_size": 16}, "No list of 4 blocks"),
    "xlm": (
        "XLMConfig",
        {"emb_dim": 32, "n_layers": 4, "n_heads": 4, "vocab_size": 300},
        "their parts lie in attentions, layer_norm1, ffns",
    ),
    "longformer": (
        "LongformerConfig",
        BERT | {"attention_window": 8},
        "what leaves block 1 has the shape",
    ),
    "led": ("LEDConfig", BART | {"attention_window": 8}, "of the type “led”, which"),
    "prophetnet": (
        "ProphetNetConfig",
        {"hidden_size": 32, "num_encoder_layers": 2, "num_decoder_layers": 2},
        "of the type “prophetnet”, which Babelscope does not read",
    ),
}
"""Families that end in a sentence, and words of it."""


def config_of(name: str, options: dict) -> transformers.PreTrainedConfig:
    """A configuration of a class of the library."""
    return getattr(transformers, name)(**options)


def read_model(name: str, options: dict) -> transformers.PreTrainedModel:
    """A random model of any kind, the same at every call."""
    torch.manual_seed(0)
    config = config_of(name, options)
    return auto_class(config).from_config(config).eval()


@cache
def read_engine(family: str, stack: str = "") -> Loaded:
    """A model with an encoder as the engine sees it."""
    name, options = {**TWO_STACKS, **ENCODERS}[family]
    return own_model(read_model(name, options), ending_tokenizer(), stack)


def ending_tokenizer() -> transformers.PreTrainedTokenizerFast:
    """One token per byte between a token that begins the text and one that ends it."""
    made = tokenizer()
    made.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    return made


def save_read(folder: Path, name: str, options: dict) -> None:
    """Write a model of any kind, and a tokenizer that ends texts, into a folder."""
    read_model(name, options).save_pretrained(folder)
    ending_tokenizer().save_pretrained(folder)
