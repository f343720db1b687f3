"""Code that applies a vector's file without Babelscope, with other programs."""

import json
from dataclasses import dataclass
from string import Template


@dataclass(frozen=True)
class Push:
    """A vector's file and how it is applied: what a line of code must know.

    ``depth`` is how many blocks the model has; layers are counted from 1.
    """

    file: str
    model: str
    depth: int
    layers: tuple[int, ...]
    strength: float


TRANSFORMERS = Template("""\
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

model = AutoModelForCausalLM.from_pretrained($model)
tokenizer = AutoTokenizer.from_pretrained($model)
vector = load_file($file)
stacks = [m for m in model.modules() if isinstance(m, torch.nn.ModuleList)]
blocks = next(stack for stack in stacks if len(stack) == $depth)


def adding(push):
    def hook(module, inputs, output):
        if isinstance(output, tuple):
            return (output[0] + push, *output[1:])
        return output + push

    return hook


for layer in $layers:  # counted from 1
    push = $strength * vector[f"layer.{layer}"].to(model.device, model.dtype)
    blocks[layer - 1].register_forward_hook(adding(push))

given = tokenizer("Yesterday", return_tensors="pt").to(model.device)
said = model.generate(**given, max_new_tokens=32, do_sample=False)
print(tokenizer.decode(said[0], skip_special_tokens=True))
""")


def filled(template: Template, push: Push) -> str:
    """A template with the values of a push."""
    return template.substitute(
        file=json.dumps(push.file),
        model=json.dumps(push.model),
        depth=push.depth,
        layers=repr(push.layers),
        strength=f"{push.strength:g}",
    )


def transformers_code(push: Push) -> str:
    """Forward hooks of transformers that add a vector from a safetensors file."""
    return filled(TRANSFORMERS, push)
