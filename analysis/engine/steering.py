"""Adding vectors to the residual stream while a context lasts."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch

from analysis.engine.models import Loaded
from analysis.errors import SpecError


@contextmanager
def added(loaded: Loaded, vectors: Mapping[int, torch.Tensor]) -> Iterator[None]:
    """Add a vector (hidden) to the output of each named block (layer 1…N) at every token; hooks are gone when the context ends.

    SpecError for a layer or width that the model does not have. Linear combination of RepE (Zou et al. 2023) and Xu et al. 2024.
    """
    for layer, vector in vectors.items():
        if not 1 <= layer <= len(loaded.blocks):
            raise SpecError(f"The model has layers 1 to {len(loaded.blocks)}; asked for was layer {layer}.")
        if vector.shape != (loaded.hidden,):
            raise SpecError(f"The vector has {vector.numel()} numbers, the model's states have {loaded.hidden}.")
    handles = []
    try:
        handles += [loaded.blocks[layer - 1].register_forward_hook(adding(vector)) for layer, vector in vectors.items()]
        yield
    finally:
        for handle in handles:
            handle.remove()


def adding(vector: torch.Tensor) -> object:
    """A forward hook that adds a vector to a block's output, whether that is a tensor or a tuple."""

    def hook(_module: object, _arguments: object, output: object) -> object:
        states = output[0] if isinstance(output, tuple) else output
        steered = states + vector.to(states.device, states.dtype)
        return (steered, *output[1:]) if isinstance(output, tuple) else steered

    return hook
