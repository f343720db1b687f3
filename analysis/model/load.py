"""Loading a causal language model, finding its blocks, and telling beforehand what it will take."""

import gc
import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass

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
    PreTrainedModel,
)
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
)

from analysis.core import settings
from analysis.core.errors import ModelError
from analysis.core.specs import ModelSpec
from analysis.model.hub import Source, locate

BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
BATCH_BYTES = 2**28
"""Set aside for the library's own work space; the activations of a batch come on top."""
BATCH_TOKENS = 4096
QUANTISED_BYTES = {"8-bit": 1.05, "4-bit": 0.55}
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
"""What the libraries raise for a model's files that are cut, malformed or do not belong together."""
logging.getLogger("bitsandbytes").setLevel(logging.ERROR)


@dataclass(frozen=True)
class Loaded:
    """A model ready to be read and steered; ``blocks[l - 1]`` writes layer ``l``."""

    spec: ModelSpec
    source: Source
    model: PreTrainedModel
    tokenizer: object
    blocks: tuple[nn.Module, ...]
    hidden: int

    @property
    def decoder(self) -> nn.Module:
        """The stack without the output head."""
        return self.model.base_model

    @property
    def device(self) -> torch.device:
        """Where the input ids go."""
        return self.model.get_input_embeddings().weight.device

    @property
    def window(self) -> int:
        """The longest text in tokens that the model can read."""
        text = self.model.config.get_text_config()
        known = (
            getattr(text, name, None)
            for name in ("max_position_embeddings", "n_positions", "seq_length")
        )
        return next((limit for limit in known if limit), 2048)


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


def find_blocks(model: nn.Module, layers: int) -> tuple[nn.Module, ...]:
    """The shallowest ModuleList whose length is the number of layers; ModelError when there is none."""
    lists = [
        (name.count("."), name, m)
        for name, m in model.named_modules()
        if isinstance(m, nn.ModuleList)
    ]
    fitting = sorted((depth, name) for depth, name, m in lists if len(m) == layers)
    if not fitting:
        sizes = ", ".join(f"{name} ({len(m)})" for _, name, m in lists) or "none"
        raise ModelError(
            f"No list of {layers} blocks was found in {type(model).__name__}; its lists are: {sizes}."
        )
    return tuple(model.get_submodule(fitting[0][1]))


def read_config(source: Source) -> object:
    """The model's configuration; ModelError unless it is a decoder that predicts the next token."""
    if not (source.folder / "config.json").is_file():
        raise ModelError(
            f"{source.name} has no config.json, so it is not a model that transformers can load."
        )
    try:
        config = AutoConfig.from_pretrained(
            source.folder, trust_remote_code=settings.trusts_remote_code()
        )
    except UNUSABLE as error:
        raise ModelError(
            f"The configuration of {source.name} cannot be used ({str(error)[:200]}). Models that bring their own code load only "
            "where the operator of the server allows it (BABELSCOPE_TRUST_REMOTE_CODE=1)."
        ) from error
    names = config.architectures or []
    causal = any(
        name.endswith(("ForCausalLM", "LMHeadModel", "ForConditionalGeneration"))
        for name in names
    )
    if config.is_encoder_decoder:
        raise ModelError(
            f"{source.name} is an encoder-decoder ({config.model_type}); Babelscope reads decoder-only models."
        )
    if (
        not causal
        and config.model_type in MODEL_FOR_MASKED_LM_MAPPING_NAMES
        and not getattr(config, "is_decoder", False)
    ):
        raise ModelError(
            f"{source.name} is an encoder ({config.model_type}): it fills gaps and does not continue a text. "
            "Choose a causal language model such as a Llama, Qwen, Gemma or Bloom."
        )
    if (
        config.model_type not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
        and not settings.trusts_remote_code()
    ):
        raise ModelError(
            f"transformers knows no causal language model of type “{config.model_type}” ({source.name})."
        )
    return config


def preflight(spec: ModelSpec) -> Preflight:
    """Estimate the memory a model needs from its configuration alone: weights in the chosen precision plus one batch."""
    source = locate(spec.model, spec.revision, small_only=True)
    config = read_config(source)
    text = config.get_text_config()
    try:
        with torch.device("meta"), warnings.catch_warnings(action="ignore"):
            parameters = sum(
                p.numel() for p in AutoModelForCausalLM.from_config(config).parameters()
            )
    except UNUSABLE as error:
        raise ModelError(
            f"The configuration of {source.name} describes no model: {str(error)[:200]}"
        ) from error
    per_weight = QUANTISED_BYTES.get(
        stored_quantisation(config) or spec.quantisation, BYTES[spec.dtype]
    )
    available, place = free_memory(device(spec))
    return Preflight(
        source,
        config.model_type,
        text.num_hidden_layers,
        text.hidden_size,
        parameters,
        int(parameters * per_weight)
        + BATCH_BYTES
        + activations(text, BYTES[spec.dtype]),
        available,
        place,
    )


def activations(config: object, size: int) -> int:
    """Bytes that a batch of BATCH_TOKENS takes inside one block: about eight copies of the state and three of the inner layer."""
    inner = getattr(config, "intermediate_size", None) or 4 * config.hidden_size
    return BATCH_TOKENS * (8 * config.hidden_size + 3 * inner) * size


def stored_quantisation(config: object) -> str:
    """How the weights are quantised as they are stored; empty when they are not. Anything but 4 bits counts as 8."""
    known = getattr(config, "quantization_config", None) or {}
    known = known if isinstance(known, dict) else known.to_dict()
    return (
        "4-bit"
        if known.get("load_in_4bit") or known.get("bits") == 4
        else "8-bit"
        if known
        else ""
    )


def device(spec: ModelSpec) -> str:
    """The device a spec asks for; ModelError when the machine has none."""
    if spec.device == "cuda" and not torch.cuda.is_available():
        raise ModelError(
            "A GPU was asked for, but this machine shows none to PyTorch. Choose the device “auto” or “cpu”."
        )
    return "cuda" if spec.device != "cpu" and torch.cuda.is_available() else "cpu"


def free_memory(where: str) -> tuple[int, str]:
    """Free bytes and the place's name."""
    if where == "cuda":
        free = sum(
            torch.cuda.mem_get_info(i)[0] for i in range(torch.cuda.device_count())
        )
        return free, f"{torch.cuda.device_count()} × {torch.cuda.get_device_name(0)}"
    return psutil.virtual_memory().available, "main memory"


def faster_in_bfloat16() -> bool:
    """Whether this machine computes in bfloat16 natively (GPU, or a processor with AVX-512 BF16 or AMX)."""
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported()
    return (
        bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
        and "avx512_bf16" in cpu_flags()
    )


def cpu_flags() -> str:
    """The processor's feature flags where Linux tells them."""
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="ignore") as file:
            return next((line for line in file if line.startswith("flags")), "")
    except OSError:
        return ""


def load(spec: ModelSpec, progress: Callable[[int, int], None] | None = None) -> Loaded:
    """Load model and tokenizer for reading. Raises ModelError with a sentence for everything a user can mend."""
    source = locate(spec.model, spec.revision, progress)
    config = read_config(source)
    weights = sorted(source.folder.glob("*.safetensors"))
    if not weights and not settings.accepts_pickle():
        pickled = sorted(
            p.name
            for pattern in ("*.bin", "*.pth", "*.pt")
            for p in source.folder.glob(pattern)
        )
        found = (
            f"only pickled weights ({', '.join(pickled)}), which can run code when opened"
            if pickled
            else "no weights"
        )
        raise ModelError(
            f"{source.name} has {found}. Babelscope reads safetensors; convert or choose another revision."
        )
    try:
        chosen = options(spec, config, bool(weights))
        model, found = AutoModelForCausalLM.from_pretrained(
            source.folder, output_loading_info=True, **chosen
        )
    except SafetensorError as error:
        raise ModelError(
            f"The weights of {source.name} are damaged ({error}). Copy or download the file again; nothing else was touched."
        ) from error
    except (*UNUSABLE, MemoryError) as error:
        if out_of_memory(error):
            raise ModelError(
                f"{source.name} does not fit into memory. Choose 8-bit or 4-bit, or a smaller model."
            ) from error
        raise ModelError(
            f"{source.name} could not be loaded: {str(error)[:300]}"
        ) from error
    if missing := sorted(found["missing_keys"]):
        raise ModelError(
            f"The weights of {source.name} lack {len(missing)} tensors that its configuration asks for, such as {missing[0]}. "
            "They would be random numbers; choose a folder whose weights and config.json belong together."
        )
    check_packing(model, source)
    text = config.get_text_config()
    blocks = find_blocks(model, text.num_hidden_layers)
    return Loaded(
        spec, source, model.eval(), load_tokenizer(source), blocks, text.hidden_size
    )


def check_packing(model: nn.Module, source: Source) -> None:
    """ModelError when 4-bit weights do not fit the blocks in which bitsandbytes packs them on a processor with AVX-512 BF16."""
    for name, module in model.named_modules():
        packs = (
            getattr(module, "support_avx512bf16_for_cpu", False)
            and module.weight.device.type == "cpu"
        )
        if packs and (module.in_features % 64 or module.out_features % 32):
            raise ModelError(
                f"4-bit on this processor needs widths in steps of 64 to steps of 32; {name} of {source.name} goes from "
                f"{module.in_features} to {module.out_features}. Choose 8-bit, or no quantisation."
            )


def out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory ran out; PyTorch's own allocator on a CPU says so only in words."""
    words = "DefaultCPUAllocator: can't allocate memory", "not enough memory"
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or any(
        word in str(error) for word in words
    )


def release() -> None:
    """Give back what unloaded models held; the driver counts memory that PyTorch keeps for reuse as taken."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def load_tokenizer(source: Source) -> object:
    """The model's tokenizer; ModelError when it has none."""
    try:
        return AutoTokenizer.from_pretrained(
            source.folder, trust_remote_code=settings.trusts_remote_code()
        )
    except UNUSABLE as error:
        raise ModelError(
            f"{source.name} has no tokenizer that transformers can load: {str(error)[:200]}"
        ) from error


def options(spec: ModelSpec, config: object, safe: bool) -> dict:
    """Arguments of from_pretrained for a spec."""
    where = device(spec)
    if spec.quantisation != "none" and stored_quantisation(config):
        raise ModelError(
            f"{spec.model} is already quantised; choose the quantisation “none”."
        )
    chosen = {
        "dtype": getattr(torch, spec.dtype),
        "use_safetensors": True if safe else None,
        "trust_remote_code": settings.trusts_remote_code(),
    }
    if where == "cuda":
        chosen["device_map"] = "auto"
    elif spec.quantisation != "none":
        chosen["device_map"] = {
            "": "cpu"
        }  # without it a quantised model goes to a GPU when there is one
    if spec.quantisation == "8-bit":
        chosen["quantization_config"] = BitsAndBytesConfig(load_in_8bit=True)
    if spec.quantisation == "4-bit":
        chosen["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_compute_dtype=getattr(torch, spec.dtype),
        )
    return chosen
