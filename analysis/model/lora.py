"""LoRA adapters: found with their base, read in bounds, and merged into its weights.

W becomes W + s·B·A with s = alpha / r, or alpha / √r where the adapter is rank-stabilised
(Hu et al. 2022; Kalajdzievski 2023). What is more than that is refused in a sentence.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import nn
from transformers.pytorch_utils import Conv1D

from analysis.core import interruption
from analysis.core.errors import ModelError
from analysis.core.hidden_folders import reason, without_folders
from analysis.core.model_names import ADAPTER, HUB_ID
from analysis.model.configuration import CONFIG, read_json
from analysis.model.hub import Progress, Source, locate, sha256_of

WEIGHTS = "adapter_model.safetensors"
BEGINNING = "base_model.model."
CHANGES_BASE = ("pissa", "olora", "loftq", "corda")
"""Ways of beginning that change the base's own weights."""
UNREAD = {
    "use_dora": "DoRA",
    "lora_bias": "biases of its own",
    "layer_replication": "replicated layers",
    "trainable_token_indices": "tokens trained one by one",
    "target_parameters": "parameters instead of layers",
}
"""Settings of adapters that are not merged here, in words."""
PART = re.compile(
    r"(?P<module>.+)\.lora_(?P<embedding>embedding_)?(?P<side>[AB])(?:\.weight)?"
)


@dataclass(frozen=True)
class Adapter:
    """An adapter and the model that it changes.

    ``alphas`` are those of single layers: a pattern of names → number.
    """

    source: Source
    base: Source
    alpha: float
    alphas: Mapping[str, float]
    stabilised: bool

    def scale(self, module: str, rank: int) -> float:
        """How much of B·A is added to a layer's weights."""
        alpha = self.alpha
        for pattern, own in self.alphas.items():
            if re.fullmatch(rf"(.*\.)?({pattern})", module):
                alpha = own
                break
        return alpha / (math.sqrt(rank) if self.stabilised else rank)

    @property
    def known(self) -> dict[str, Any]:
        """What a study keeps of it."""
        return {
            "words": f"computed with the adapter {self.source.name}, merged into "
            f"{self.base.name}",
            "adapter": self.source.name,
            "adapter sha256": sha256_of(self.source.folder / WEIGHTS),
            "base": self.base.name,
            "base revision": self.base.revision,
        }

    @property
    def notice(self) -> str:
        """What the adapter's users are to know."""
        return (
            f"{self.source.name} is an adapter (LoRA); it is merged into "
            f"{self.base.name} (revision {self.base.revision})."
        )


def is_adapter(source: Source) -> bool:
    """Whether a folder holds an adapter and no model of its own."""
    there = (source.folder / ADAPTER).is_file()
    return there and not (source.folder / CONFIG).is_file()


def find_adapter(
    source: Source, progress: Progress | None = None, small_only: bool = False
) -> Adapter | None:
    """The adapter in a folder with its base, which is fetched; None for a whole model.

    ModelError where the base cannot be had, or the adapter is of another kind.
    """
    if not is_adapter(source):
        return None
    said = read_json(source, ADAPTER)
    check_kind(said, source)
    alphas = said.get("alpha_pattern") or {}
    try:
        alpha = float(said.get("lora_alpha", 8))
        own = {str(name): float(value) for name, value in dict(alphas).items()}
        for pattern in own:
            re.compile(pattern)
    except (TypeError, ValueError, re.error) as error:
        raise ModelError(
            f"{ADAPTER} of {source.name} cannot be used ({reason(error)}). Copy or "
            "download it again."
        ) from error
    base = find_base(said, source, progress, small_only)
    return Adapter(source, base, alpha, own, bool(said.get("use_rslora")))


def check_kind(said: Mapping[str, Any], source: Source) -> None:
    """ModelError for an adapter that is more than B·A added to weights."""
    remedy = "Merge it with peft (merge_and_unload) and choose the merged model."
    kind = said.get("peft_type")
    if kind != "LORA":
        raise ModelError(
            f"{source.name} is an adapter of the kind “{str(kind)[:40]}”; merged here "
            f"are those of the kind LORA. {remedy}"
        )
    for setting, words in UNREAD.items():
        if said.get(setting):
            raise ModelError(
                f"{source.name} is an adapter with {words} ({setting}), which is not "
                f"merged here. {remedy}"
            )
    begun = str(said.get("init_lora_weights")).casefold()
    if begun.startswith(CHANGES_BASE):
        raise ModelError(
            f"{source.name} was begun by “{begun[:40]}”, which changes the base's own "
            f"weights. {remedy}"
        )


def find_base(
    said: Mapping[str, Any], source: Source, progress: Progress | None, small_only: bool
) -> Source:
    """The model that an adapter changes; ModelError where it cannot be had."""
    named = said.get("base_model_name_or_path")
    if not isinstance(named, str) or not named.strip():
        raise ModelError(
            f"{ADAPTER} of {source.name} does not name the model that it changes "
            "(base_model_name_or_path). Write it there."
        )
    name = named.strip().rstrip("/\\")
    if not HUB_ID.fullmatch(name):
        # A folder of another machine: here a model may go by its last name.
        name = re.split(r"[/\\]", name)[-1]
    revision = said.get("revision")
    try:
        base = locate(
            name,
            revision if isinstance(revision, str) else "main",
            progress,
            small_only,
        )
    except ModelError as error:
        raise ModelError(
            f"{source.name} is an adapter of {without_folders(named)[:120]}, which "
            f"cannot be had: {error}"
        ) from error
    if is_adapter(base):
        raise ModelError(
            f"{source.name} is an adapter of {base.name}, which is an adapter itself. "
            "Merge that one first (peft: merge_and_unload)."
        )
    return base


def merge(adapter: Adapter, model: nn.Module) -> None:
    """Merge an adapter into the weights of a model, layer by layer.

    ModelError for weights that are missing, damaged, or of another model.
    """
    path = adapter.source.folder / WEIGHTS
    if not path.is_file():
        raise ModelError(
            f"{adapter.source.name} has no {WEIGHTS}. Babelscope reads safetensors; "
            "save the adapter with peft in that form."
        )
    try:
        with safe_open(path, framework="pt") as file:
            keys = set(file.keys())
            for key in sorted(keys):
                interruption.check()
                merge_key(adapter, model, file, key, keys)
    except (SafetensorError, OSError) as error:
        raise ModelError(
            f"The weights of {adapter.source.name} are damaged ({reason(error)}). Copy "
            "or download the file again; nothing else was touched."
        ) from error


def merge_key(
    adapter: Adapter, model: nn.Module, file: Any, key: str, keys: set[str]
) -> None:
    """Merge one tensor of an adapter: a pair by its A, or whole weights in their place."""
    part = PART.fullmatch(key)
    if part is None:
        replace_whole(adapter, model, key, file.get_tensor(key))
        return
    other = "B" if part["side"] == "A" else "A"
    begun, ending = key[: part.start("side")], key[part.end("side") :]
    partner = f"{begun}{other}{ending}"
    if partner not in keys:
        raise ModelError(
            f"The weights of {adapter.source.name} hold {key} without {partner}. Copy "
            "or download the file again."
        )
    if part["side"] == "B":
        return
    a, b = file.get_tensor(key).float(), file.get_tensor(partner).float()
    layer = part["module"].removeprefix(BEGINNING)
    add_product(adapter, model, layer, a, b)


def add_product(
    adapter: Adapter, model: nn.Module, layer: str, a: torch.Tensor, b: torch.Tensor
) -> None:
    """Add s·B·A to the weights of a layer: ``a`` (rank, in), ``b`` (out, rank)."""
    module: Any = layer_of(adapter, model, layer)
    fits = a.ndim == b.ndim == 2 and a.shape[0] == b.shape[1]
    if not fits:
        raise wrong_shape(adapter, layer, (*b.shape, *a.shape))
    product = b @ a * adapter.scale(layer, a.shape[0])
    if isinstance(module, (nn.Embedding, Conv1D)):
        product = product.T
    weights = module.weight
    if product.shape != weights.shape:
        raise wrong_shape(adapter, layer, tuple(product.shape))
    # A new tensor: the old one may be a file's own pages.
    merged = weights.data.float() + product.to(weights.device)
    if not torch.isfinite(merged).all():
        raise ModelError(
            f"Merged with {adapter.source.name}, {layer} holds numbers that are none "
            "(NaN or infinite). Copy or download the adapter again."
        )
    weights.data = merged.to(weights.dtype)


def layer_of(adapter: Adapter, model: nn.Module, layer: str) -> nn.Module:
    """A layer of a model by its name in an adapter; ModelError where there is none."""
    try:
        module = model.get_submodule(layer)
    except AttributeError:
        module = None
    if not isinstance(module, (nn.Linear, nn.Embedding, Conv1D)):
        raise ModelError(
            f"{adapter.source.name} changes {layer}, and {adapter.base.name} has no such "
            "layer: they do not belong together. Choose the base that the adapter was "
            "trained on."
        )
    return module


def wrong_shape(adapter: Adapter, layer: str, shape: tuple[int, ...]) -> ModelError:
    """The error for weights of another shape."""
    return ModelError(
        f"{adapter.source.name} changes {layer} by weights of the shape {shape}, which do "
        f"not fit {adapter.base.name}: they do not belong together."
    )


def replace_whole(
    adapter: Adapter, model: nn.Module, key: str, found: torch.Tensor
) -> None:
    """Put weights that an adapter holds whole, such as a trained head, into their place."""
    name = key.removeprefix(BEGINNING)
    name = name.replace(".base_layer.", ".").replace(".modules_to_save.", ".")
    places = dict(model.named_parameters(remove_duplicate=False))
    if name not in places:
        raise ModelError(
            f"{adapter.source.name} holds {name}, and {adapter.base.name} has no such "
            "weights: they do not belong together."
        )
    weights = places[name]
    if found.shape != weights.shape:
        raise wrong_shape(adapter, name, tuple(found.shape))
    weights.data = found.to(weights.device, weights.dtype)


def has_tokenizer(folder: Path) -> bool:
    """Whether a tokenizer lies beside an adapter, which is then the one to use."""
    return (folder / "tokenizer.json").is_file()
