"""A vector as a file of another program."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from analysis.core import files
from analysis.core.errors import SpecError, unknown
from analysis.steering.program_files import BLOCKS, PROGRAMS, Export, exported, untold
from babelscope.running import note
from babelscope.steering import Strength, Vector, layers_of


def export(
    vector: Vector,
    path: str | Path,
    program: str = "safetensors",
    *,
    strength: Strength = 1.0,
    layers: Sequence[int] | None = None,
    blocks: str = BLOCKS,
    title: str = "vector",
) -> Path:
    """Write a vector for another program; its path comes back.

    ``vector``, ``strength`` and ``layers`` as in ``steer``; formats that hold vectors
    alone have all of its layers, and a note says what is to be given by hand. ``blocks``
    is where a model has its blocks below its base model, for lm-evaluation-harness.
    SpecError for a program or an ending that there is none of, and for layers without
    a vector.

    >>> import babelscope as bs, tempfile
    >>> vector = bs.open("demo").vector("fairness", "en")
    >>> path = tempfile.mkdtemp() + "/vector.pt"
    >>> harness = "lm-evaluation-harness"
    >>> bs.export(vector, path, harness, strength=2, layers=[3, 4]).name
    'vector.pt'
    """
    from analysis.model.own_model import strengths_by_layer

    path = Path(path)
    if program not in PROGRAMS:
        raise unknown("program", program, PROGRAMS)
    ending = PROGRAMS[program].ending
    if path.suffix != f".{ending}":
        raise SpecError(
            f"A file for {program} ends with .{ending}; given is “{path.name[:80]}”."
        )
    chosen = layers_of(vector, layers)
    by_layer = vectors_of(vector, chosen)
    pushed = list(chosen) if chosen is not None else sorted(by_layer)
    strengths = strengths_by_layer(strength, pushed)
    made = Export(by_layer, title, strengths, blocks=blocks)
    data = exported(made, program)
    for sentence in untold(made, program):
        note(sentence)
    files.write_output(path, data)
    return path


def vectors_of(vector: Vector, layers: Sequence[int] | None) -> dict[int, np.ndarray]:
    """Layer → (hidden,); one vector stands at each of the layers."""
    from analysis.model.own_model import vectors_by_layer

    if isinstance(vector, Mapping) or vector.ndim != 1:
        return vectors_by_layer(vector, 0)
    if layers is None:
        raise SpecError(
            "One vector (hidden,) does not tell its layer. Name it: layers=[4]."
        )
    return {layer: np.asarray(vector) for layer in layers}
