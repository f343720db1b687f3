"""Code that applies a vector's file without Babelscope, with other programs."""

import json
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
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


STEERING_VECTORS = Template("""\
from safetensors.torch import load_file
from steering_vectors import SteeringVector
from transformers import AutoModelForCausalLM, AutoTokenizer

model = AutoModelForCausalLM.from_pretrained($model)
tokenizer = AutoTokenizer.from_pretrained($model)
stored = load_file($file)
chosen = {layer - 1: stored[f"layer.{layer}"] for layer in $layers}  # from 0 there
given = tokenizer("Yesterday", return_tensors="pt").to(model.device)
with SteeringVector(chosen).apply(model, multiplier=$strength):
    said = model.generate(**given, max_new_tokens=32, do_sample=False)
print(tokenizer.decode(said[0], skip_special_tokens=True))
""")
REPENG = Template("""\
from repeng import ControlModel, ControlVector
from transformers import AutoModelForCausalLM, AutoTokenizer

blocks = [layer - 1 for layer in $layers]  # from 0 there
model = ControlModel(AutoModelForCausalLM.from_pretrained($model), blocks)
tokenizer = AutoTokenizer.from_pretrained($model)
model.set_control(ControlVector.import_gguf($gguf), $strength)
given = tokenizer("Yesterday", return_tensors="pt").to(model.device)
said = model.generate(**given, max_new_tokens=32, do_sample=False)
print(tokenizer.decode(said[0], skip_special_tokens=True))
""")
LM_EVAL = Template("""\
lm_eval --model steered \\
  --model_args pretrained=$bare,steer_path=vector.pt \\
  --tasks xnli --limit 100
""")
TRANSFORMER_LENS = Template("""\
from safetensors.torch import load_file
from transformer_lens.model_bridge import TransformerBridge
from transformers import AutoTokenizer

model = TransformerBridge.boot_transformers($model)
tokenizer = AutoTokenizer.from_pretrained($model)
vector = load_file($file)


def adding(push):
    return lambda state, hook: state + push.to(state)


hooks = []
for layer in $layers:
    push = $strength * vector[f"layer.{layer}"]
    hooks.append((f"blocks.{layer - 1}.hook_resid_post", adding(push)))  # from 0 there
# Tokens as the model was trained on: TransformerLens puts one of its own before a text.
given = tokenizer("Yesterday", return_tensors="pt").input_ids.to(model.cfg.device)
with model.hooks(fwd_hooks=hooks):
    said = model.generate(given, max_new_tokens=32, do_sample=False)
print(tokenizer.decode(said[0], skip_special_tokens=True))
""")
NNSIGHT = Template("""\
from nnsight import LanguageModel
from safetensors.torch import load_file

model = LanguageModel($model, dispatch=True)
vector = load_file($file)
with model.generate(max_new_tokens=32, do_sample=False) as tracer:
    with tracer.invoke("Yesterday"):
        for step in tracer.iter[:]:
            for layer in $layers:
                block = model.model.layers[layer - 1]  # from 0 there
                push = $strength * vector[f"layer.{layer}"]
                block.output = block.output + push
    with tracer.invoke():
        said = model.generator.output.save()
print(model.tokenizer.decode(said[0], skip_special_tokens=True))
""")
EASYSTEER = Template("""\
from vllm import LLM, SamplingParams
from vllm.steer_vectors import ApplySpec, SteeringSpec, VectorSpec

model = LLM(model=$model, enable_steer_vector=True, steer_algorithms=["direct"])
vector = VectorSpec(
    source=$gguf,
    scale=$strength,
    layers=[layer - 1 for layer in $layers],  # from 0 there
    apply=ApplySpec(prompt="all", generation="all"),
)
limits = SamplingParams(temperature=0, max_tokens=32)
steering = SteeringSpec(vectors=[vector])
print(model.generate("Yesterday", limits, steering=steering)[0].outputs[0].text)
""")
VLLM_LENS = Template("""\
from pathlib import Path

from vllm import LLM, SamplingParams

pushed = {"apply_steering_vectors": Path("vector.json").read_text()}
limits = SamplingParams(temperature=0, max_tokens=32, extra_args=pushed)
print(LLM(model=$model).generate(["Yesterday"], limits)[0].outputs[0].text)
""")
LLAMA_CPP = Template("""\
# llama.cpp counts layers from 0; before 2026 the program is called llama-cli
llama-completion -m model.gguf --control-vector-scaled $gguf:$strength \\
  --control-vector-layer-range $first $last -no-cnv --temp 0 -p "Yesterday" -n 32
""")
LLAMA_CANNOT = "# llama.cpp cannot steer layer 1\n"
SNIPPETS = {
    "transformers": TRANSFORMERS,
    "steering-vectors": STEERING_VECTORS,
    "repeng": REPENG,
    "lm-evaluation-harness": LM_EVAL,
    "TransformerLens": TRANSFORMER_LENS,
    "nnsight": NNSIGHT,
    "EasySteer": EASYSTEER,
    "vllm-lens": VLLM_LENS,
    "llama.cpp": LLAMA_CPP,
}
"""Program → lines that steer with an exported file."""


def snippet(name: str, push: Push) -> str:
    """Lines that steer with a file in another program."""
    return llama_cpp(push) if name == "llama.cpp" else filled(SNIPPETS[name], push)


def llama_cpp(push: Push) -> str:
    """The command of llama.cpp, and what it does with layers that it cannot choose."""
    layers = [layer for layer in push.layers if layer > 1]
    said = "" if len(layers) == len(push.layers) else LLAMA_CANNOT
    if not layers:
        return said
    if len(layers) <= max(layers) - min(layers):
        said += "# it pushes all layers of the range, those in between too\n"
    return said + filled(LLAMA_CPP, replace(push, layers=tuple(layers)))


def filled(template: Template, push: Push) -> str:
    """A template with the values of a push."""
    gguf = str(PurePosixPath(push.file).with_suffix(".gguf"))
    return template.substitute(
        file=json.dumps(push.file),
        gguf=json.dumps(gguf),
        model=json.dumps(push.model),
        bare=push.model,
        depth=push.depth,
        layers=repr(push.layers),
        first=min(push.layers) - 1,
        last=max(push.layers) - 1,
        strength=f"{push.strength:g}",
    )


def transformers_code(push: Push) -> str:
    """Forward hooks of transformers that add a vector from a safetensors file."""
    return filled(TRANSFORMERS, push)
