"""Vectors as files of other programs, with the layers and strengths of a steering.

What a file cannot carry is said. How each program counts and what it reads was looked up
in its source: lm-evaluation-harness 0.4.13, vllm-lens, EasySteer, repeng 0.4.0, dialz
1.1.4.
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from analysis.core.errors import SpecError
from analysis.core.torch_writing import Tree, torch_file
from analysis.steering.specs import SteeringTerm
from analysis.steering.vector_files import (
    CONTROL,
    STEERING,
    Vectors,
    gguf_file,
    present_vectors,
    to_gguf,
    to_numpy,
    to_safetensors,
)

ADDITION, EVERYWHERE = "addition", "all"
BLOCKS = "layers"
"""Where most models have their blocks below their base model; GPT-2 has them in h."""


@dataclass(frozen=True)
class Export:
    """Vectors (layer → (hidden,)) and how a steering pushes with them.

    ``strengths`` has a number for every layer that is pushed; ``blocks`` is the path of
    the blocks below a model's base model. ``leaves_out`` says what else the steering had.
    """

    vectors: Vectors
    title: str
    strengths: Mapping[int, float]
    operator: str = ADDITION
    positions: str = EVERYWHERE
    blocks: str = BLOCKS
    leaves_out: tuple[str, ...] = ()

    @property
    def pushed(self) -> dict[int, np.ndarray]:
        """The vectors of the layers that are pushed; SpecError where one has none."""
        present = present_vectors(self.vectors)
        lacking = [layer for layer in self.strengths if layer not in present]
        if lacking or not self.strengths:
            raise SpecError(
                f"There is no vector at {layers_in_words(lacking) or 'any layer'}, so "
                "nothing is written. Choose other layers."
            )
        return {layer: present[layer] for layer in sorted(self.strengths)}

    @property
    def one_strength(self) -> float | None:
        """The strength of all layers; None where they differ."""
        found = set(self.strengths.values())
        return found.pop() if len(found) == 1 else None


def of_term(
    term: SteeringTerm, vectors: Vectors, title: str, others: int = 0
) -> Export:
    """A term of a steering, beside which there are ``others``."""
    strengths = term.strengths
    if len(strengths) == 1:
        strengths = strengths * len(term.layers)
    left = []
    if term.condition is not None:
        left.append("the condition, so it steers every prompt")
    if others:
        left.append(f"the other {others} vectors of the steering")
    return Export(
        vectors,
        title,
        dict(zip(term.layers, strengths)),
        term.operator,
        term.positions,
        leaves_out=tuple(left),
    )


def layers_in_words(layers: list[int]) -> str:
    """“layer 3”, “layers 3, 4”; “” for none."""
    if not layers:
        return ""
    return f"layer{'s' if len(layers) > 1 else ''} {', '.join(map(str, layers))}"


def to_lm_eval(export: Export) -> bytes:
    """A .pt file for ``--model steered`` of lm-evaluation-harness."""
    hooks: dict[str, Tree] = {}
    for layer, vector in export.pushed.items():
        hooks[f"{export.blocks}.{layer - 1}"] = {
            "steering_vector": vector,
            "steering_coefficient": float(export.strengths[layer]),
            "action": "add",
            "bias": None,
            "head_index": None,
        }
    return torch_file(hooks)


def to_vllm_lens(export: Export) -> bytes:
    """JSON for ``apply_steering_vectors`` of vllm-lens: a list of one steering vector."""
    pushed = export.pushed
    scale = export.one_strength
    rows = []
    for layer, vector in pushed.items():
        factor = 1.0 if scale is not None else export.strengths[layer]
        rows.append(vector * np.float32(factor))
    values = np.stack(rows).astype("<f4")
    activations = {
        "data": base64.b64encode(values.tobytes()).decode(),
        "dtype": "float32",
        "original_dtype": "torch.float32",
        "shape": list(values.shape),
    }
    told = {
        "activations": activations,
        "layer_indices": [layer - 1 for layer in pushed],
        "scale": 1.0 if scale is None else scale,
        "norm_match": False,
        "position_indices": None,
    }
    return json.dumps([told]).encode()


def to_repeng(export: Export) -> bytes:
    """A control vector with the first block too, which llama.cpp would refuse."""
    return gguf_file(present_vectors(export.vectors), export.title, CONTROL)


def to_dialz(export: Export) -> bytes:
    """A steering vector of dialz, which is laid out as repeng's under another name."""
    return gguf_file(present_vectors(export.vectors), export.title, STEERING)


@dataclass(frozen=True)
class Program:
    """A file of a program: its ending, how it is written and what it has no place for.

    ``strength`` and ``by_layer``: whether it holds strengths, and one for each layer.
    """

    ending: str
    write: Callable[[Export], bytes]
    strength: bool = False
    by_layer: bool = False
    notes: tuple[str, ...] = ()


PROGRAMS: Mapping[str, Program] = {
    "safetensors": Program(
        "safetensors", lambda each: to_safetensors(each.vectors, each.title)
    ),
    "gguf": Program(
        "gguf",
        lambda each: to_gguf(each.vectors, each.title),
        notes=("llama.cpp cannot steer layer 1, so it is not in the file.",),
    ),
    "npz": Program("npz", lambda each: to_numpy(each.vectors, each.title)),
    "repeng": Program("gguf", to_repeng),
    "EasySteer": Program("gguf", to_repeng),
    "dialz": Program("gguf", to_dialz),
    "lm-evaluation-harness": Program(
        "pt",
        to_lm_eval,
        strength=True,
        by_layer=True,
        notes=(
            "Its CSV files name features of sparse autoencoders and cannot hold a "
            "vector, so this is its .pt file.",
        ),
    ),
    "vllm-lens": Program("json", to_vllm_lens, strength=True, by_layer=True),
}
"""What vectors are exported for, by name."""


def untold(export: Export, name: str) -> tuple[str, ...]:
    """What a file of a program does not carry of a steering, in sentences."""
    program = PROGRAMS[name]
    found = [*program.notes]
    if export.operator != ADDITION:
        found.append(
            f"The operator “{export.operator}” is not in the file: what reads it adds "
            "the vector."
        )
    if export.positions != EVERYWHERE:
        found.append(
            f"The positions “{export.positions}” are not in the file: what reads it "
            "steers every token."
        )
    for what in export.leaves_out:
        found.append(f"The file leaves out {what}.")
    if not program.strength:
        found.append(f"The strength is not in the file; give {given_words(export)}.")
    return tuple(found)


def given_words(export: Export) -> str:
    """Layers and strengths, to be given to a program by hand."""
    layers = sorted(export.strengths)
    if export.one_strength is not None:
        return f"{export.one_strength:g} at {layers_in_words(layers)}"
    each = [f"{export.strengths[layer]:g} at layer {layer}" for layer in layers]
    return f"one strength a layer: {', '.join(each)}"


def exported(export: Export, name: str) -> bytes:
    """The file of a program; SpecError where there is nothing to write."""
    return PROGRAMS[name].write(export)
