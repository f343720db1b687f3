"""Loading a causal language model, finding its blocks, and telling what it will take."""

import gc
import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from torch import nn
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    PreTrainedConfig,
    PreTrainedModel,
)
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
)

from analysis.core import settings
from analysis.core.errors import ModelError
from analysis.core.specs import ModelSpec
from analysis.core.tokenizer import Tokenizer
from analysis.model.hub import Source, locate

BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
QUANTISED_BYTES = {"8-bit": 1.05, "4-bit": 0.55}
BATCH_BYTES = 2**28
"""Set aside for the library's own work space; a batch's activations come on top."""
BATCH_TOKENS = 4096
UNPLACED = ("bloom", "falcon", "mpt")
"""Families that take no positions; they place tokens by the mask."""
CAUSAL_ENDINGS = ("ForCausalLM", "LMHeadModel", "ForConditionalGeneration")
UNUSABLE = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    RuntimeError,
    OSError,
    ImportError,
    StrictDataclassError,
)
"""What the libraries raise for files that are cut, malformed or do not belong together."""
logging.getLogger("bitsandbytes").setLevel(logging.ERROR)


@dataclass(frozen=True)
class Loaded:
    """A model ready to be read and steered; ``blocks[l - 1]`` writes layer ``l``."""

    spec: ModelSpec
    source: Source
    model: PreTrainedModel
    tokenizer: Tokenizer
    blocks: tuple[nn.Module, ...]
    hidden: int

    @property
    def decoder(self) -> nn.Module:
        """The stack without the output head."""
        return self.model.base_model

    @property
    def embeddings(self) -> torch.Tensor:
        """The input embeddings (token, hidden)."""
        layer: Any = self.model.get_input_embeddings()
        return layer.weight

    @property
    def device(self) -> torch.device:
        """Where the input ids go."""
        return self.embeddings.device

    @property
    def vocabulary(self) -> int:
        """How many tokens the model knows."""
        return self.embeddings.shape[0]

    @property
    def window(self) -> int:
        """The longest text in tokens that the model can read."""
        text = self.model.config.get_text_config()
        for name in ("max_position_embeddings", "n_positions", "seq_length"):
            limit = getattr(text, name, None)
            if limit:
                return limit
        return 2048

    def position_arguments(self, positions: torch.Tensor) -> dict[str, torch.Tensor]:
        """The argument of a pass that gives its positions, for families that take one."""
        if self.model.config.model_type in UNPLACED:
            return {}
        return {"position_ids": positions}


class Memory(NamedTuple):
    """Free bytes, and where they are."""

    available: int
    place: str


@dataclass(frozen=True)
class Preflight:
    """What loading a model would take; sizes in bytes."""

    source: Source
    family: str
    layers: int
    hidden: int
    parameters: int
    needed: int
    available: int
    place: str

    @property
    def fits(self) -> bool:
        """Whether the estimate is below what is free."""
        return self.needed <= self.available


def load(spec: ModelSpec, progress: Callable[[int, int], None] | None = None) -> Loaded:
    """Model and tokenizer, ready for reading.

    ``progress`` gets (bytes fetched, bytes in all). ModelError with a sentence for
    everything a user can mend.
    """
    source = locate(spec.model, spec.revision, progress)
    config = read_config(source)
    model = load_weights(spec, source, config)
    check_packing(model, source)
    text = config.get_text_config()
    blocks = find_blocks(model, text.num_hidden_layers)
    return Loaded(
        spec=spec,
        source=source,
        model=model.eval(),
        tokenizer=load_tokenizer(source),
        blocks=blocks,
        hidden=text.hidden_size,
    )


def load_weights(
    spec: ModelSpec, source: Source, config: PreTrainedConfig
) -> PreTrainedModel:
    """The model with its weights; ModelError when they cannot be had whole."""
    safe = has_safe_weights(source)
    try:
        options = loading_options(spec, config, safe)
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            source.folder, output_loading_info=True, **options
        )
    except SafetensorError as error:
        raise ModelError(
            f"The weights of {source.name} are damaged ({error}). Copy or download the "
            "file again; nothing else was touched."
        ) from error
    except (*UNUSABLE, MemoryError) as error:
        if out_of_memory(error):
            raise ModelError(
                f"{source.name} does not fit into memory. Choose 8-bit or 4-bit, or a "
                "smaller model."
            ) from error
        raise ModelError(
            f"{source.name} could not be loaded: {str(error)[:300]}"
        ) from error
    model, info = loaded
    missing = sorted(info["missing_keys"])
    if missing:
        raise ModelError(
            f"The weights of {source.name} lack {len(missing)} tensors that its "
            f"configuration asks for, such as {missing[0]}. They would be random "
            "numbers; choose a folder whose weights and config.json belong together."
        )
    return model


def has_safe_weights(source: Source) -> bool:
    """Whether there are weights in safetensors.

    ModelError when there are none and pickled ones may not be opened.
    """
    if list(source.folder.glob("*.safetensors")):
        return True
    if settings.accepts_pickle():
        return False
    found = "no weights"
    pickled = pickled_weights(source.folder)
    if pickled:
        found = (
            f"only pickled weights ({', '.join(pickled)}), which can run code when "
            "opened"
        )
    raise ModelError(
        f"{source.name} has {found}. Babelscope reads safetensors; convert or choose "
        "another revision."
    )


def pickled_weights(folder: Path) -> list[str]:
    """Names of weights that are pickled."""
    names = []
    for pattern in ("*.bin", "*.pth", "*.pt"):
        names += [path.name for path in folder.glob(pattern)]
    return sorted(names)


def loading_options(
    spec: ModelSpec, config: PreTrainedConfig, safe: bool
) -> dict[str, Any]:
    """Arguments of from_pretrained for a spec; ``safe``: only safetensors are read."""
    where = device_name(spec)
    if spec.quantisation != "none" and stored_quantisation(config):
        raise ModelError(
            f"{spec.model} is already quantised; choose the quantisation “none”."
        )
    options = {
        "dtype": getattr(torch, spec.dtype),
        "use_safetensors": True if safe else None,
        "trust_remote_code": settings.trusts_remote_code(),
    }
    if where == "cuda":
        options["device_map"] = "auto"
    elif spec.quantisation != "none":
        # Without it a quantised model goes to a GPU when there is one.
        options["device_map"] = {"": "cpu"}
    if spec.quantisation == "8-bit":
        options["quantization_config"] = BitsAndBytesConfig(load_in_8bit=True)
    if spec.quantisation == "4-bit":
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_compute_dtype=getattr(torch, spec.dtype),
        )
    return options


def load_tokenizer(source: Source) -> Tokenizer:
    """The model's tokenizer; ModelError when it has none."""
    try:
        return AutoTokenizer.from_pretrained(
            source.folder, trust_remote_code=settings.trusts_remote_code()
        )
    except UNUSABLE as error:
        raise ModelError(
            f"{source.name} has no tokenizer that transformers can load: "
            f"{str(error)[:200]}"
        ) from error


def find_blocks(model: nn.Module, layers: int) -> tuple[nn.Module, ...]:
    """The shallowest ModuleList whose length is the number of layers.

    ModelError when there is none.
    """
    modules = model.named_modules()
    lists = {name: one for name, one in modules if isinstance(one, nn.ModuleList)}
    fitting = [name for name, blocks in lists.items() if len(blocks) == layers]
    if not fitting:
        found = [f"{name} ({len(blocks)})" for name, blocks in lists.items()]
        raise ModelError(
            f"No list of {layers} blocks was found in {type(model).__name__}; its lists "
            f"are: {', '.join(found) or 'none'}."
        )
    shallowest = min(fitting, key=lambda name: (name.count("."), name))
    return tuple(lists[shallowest])


def check_packing(model: nn.Module, source: Source) -> None:
    """ModelError when 4-bit weights do not fit the blocks in which they are packed.

    bitsandbytes packs them so on a processor with AVX-512 BF16.
    """
    for name, module in model.named_modules():
        # Only its own linear layers have these attributes.
        layer: Any = module
        if not getattr(layer, "support_avx512bf16_for_cpu", False):
            continue
        if layer.weight.device.type != "cpu":
            continue
        if layer.in_features % 64 or layer.out_features % 32:
            raise ModelError(
                f"4-bit on this processor needs widths in steps of 64 to steps of 32; "
                f"{name} of {source.name} goes from {layer.in_features} to "
                f"{layer.out_features}. Choose 8-bit, or no quantisation."
            )


def read_config(source: Source) -> PreTrainedConfig:
    """A model's configuration.

    ModelError unless it is a decoder that predicts the next token.
    """
    if not (source.folder / "config.json").is_file():
        raise ModelError(
            f"{source.name} has no config.json, so it is not a model that transformers "
            "can load."
        )
    try:
        config = AutoConfig.from_pretrained(
            source.folder, trust_remote_code=settings.trusts_remote_code()
        )
    except UNUSABLE as error:
        raise ModelError(
            f"The configuration of {source.name} cannot be used ({str(error)[:200]}). "
            "Models that bring their own code load only where the operator of the "
            "server allows it (BABELSCOPE_TRUST_REMOTE_CODE=1)."
        ) from error
    check_causal(config, source)
    return config


def check_causal(config: PreTrainedConfig, source: Source) -> None:
    """ModelError for a model that does not predict the next token."""
    kind = config.model_type
    if config.is_encoder_decoder:
        raise ModelError(
            f"{source.name} is an encoder-decoder ({kind}); Babelscope reads "
            "decoder-only models."
        )
    if kind in MODEL_FOR_MASKED_LM_MAPPING_NAMES and not says_causal(config):
        raise ModelError(
            f"{source.name} is an encoder ({kind}): it fills gaps and does not continue "
            "a text. Choose a causal language model such as a Llama, Qwen, Gemma or "
            "Bloom."
        )
    known = kind in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    if not known and not settings.trusts_remote_code():
        raise ModelError(
            f"transformers knows no causal language model of type “{kind}” "
            f"({source.name})."
        )


def says_causal(config: PreTrainedConfig) -> bool:
    """Whether a configuration calls its model a decoder."""
    if getattr(config, "is_decoder", False):
        return True
    names = config.architectures or []
    return any(name.endswith(CAUSAL_ENDINGS) for name in names)


def preflight(spec: ModelSpec) -> Preflight:
    """What a model will take: its weights in the chosen precision, and one batch.

    It is told from the configuration alone; no weights are fetched.
    """
    source = locate(spec.model, spec.revision, small_only=True)
    config = read_config(source)
    text = config.get_text_config()
    parameters = count_parameters(config, source)
    quantisation = stored_quantisation(config) or spec.quantisation
    per_weight = QUANTISED_BYTES.get(quantisation, BYTES[spec.dtype])
    batch = activation_bytes(text, BYTES[spec.dtype])
    memory = free_memory(device_name(spec))
    return Preflight(
        source,
        config.model_type,
        text.num_hidden_layers,
        text.hidden_size,
        parameters,
        int(parameters * per_weight) + BATCH_BYTES + batch,
        memory.available,
        memory.place,
    )


def count_parameters(config: PreTrainedConfig, source: Source) -> int:
    """How many weights a configuration describes; ModelError when it describes none."""
    try:
        with torch.device("meta"), warnings.catch_warnings(action="ignore"):
            model = AutoModelForCausalLM.from_config(config)
    except UNUSABLE as error:
        raise ModelError(
            f"The configuration of {source.name} describes no model: {str(error)[:200]}"
        ) from error
    return sum(weights.numel() for weights in model.parameters())


def activation_bytes(config: Any, size: int) -> int:
    """Bytes that a batch of BATCH_TOKENS takes inside one block.

    That is about eight copies of the state and three of the inner layer, of numbers of
    ``size`` bytes.
    """
    hidden = config.hidden_size
    inner = getattr(config, "intermediate_size", None) or 4 * hidden
    return BATCH_TOKENS * (8 * hidden + 3 * inner) * size


def stored_quantisation(config: PreTrainedConfig) -> str:
    """How the weights are quantised as they are stored; “” when they are not.

    Anything but 4 bits counts as 8.
    """
    known = getattr(config, "quantization_config", None)
    if not known:
        return ""
    if not isinstance(known, dict):
        known = known.to_dict()
    if known.get("load_in_4bit") or known.get("bits") == 4:
        return "4-bit"
    return "8-bit"


def device_name(spec: ModelSpec) -> str:
    """“cuda” or “cpu”, as a spec asks for; ModelError when the machine has none."""
    has_gpu = torch.cuda.is_available()
    if spec.device == "cuda" and not has_gpu:
        raise ModelError(
            "A GPU was asked for, but this machine shows none to PyTorch. Choose the "
            "device “auto” or “cpu”."
        )
    return "cuda" if has_gpu and spec.device != "cpu" else "cpu"


def free_memory(device: str) -> Memory:
    """What is free on a device; several GPUs count as one."""
    if device != "cuda":
        return Memory(psutil.virtual_memory().available, "main memory")
    count = torch.cuda.device_count()
    free = sum(torch.cuda.mem_get_info(i)[0] for i in range(count))
    return Memory(free, f"{count} × {torch.cuda.get_device_name(0)}")


def faster_in_bfloat16() -> bool:
    """Whether this machine computes in bfloat16 natively.

    That is a GPU, or a processor with AVX-512 BF16 or AMX.
    """
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported()
    if not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return False
    return "avx512_bf16" in cpu_flags()


def cpu_flags() -> str:
    """The processor's feature flags where Linux tells them."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="ignore")
    except OSError:
        return ""
    for line in text.splitlines():
        if line.startswith("flags"):
            return line
    return ""


def out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory ran out."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    # PyTorch's own allocator on a processor says so only in words.
    words = str(error)
    return (
        "DefaultCPUAllocator: can't allocate memory" in words
        or "not enough memory" in words
    )


def release() -> None:
    """Give back what unloaded models held.

    The driver counts memory that PyTorch keeps for reuse as taken.
    """
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
