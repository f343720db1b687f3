"""Tokenizers in the manner of public chat models, rebuilt small: what stands around a
turn, what the tokenizer adds by itself, and which switches the template has.
"""

from dataclasses import dataclass

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

EACH = "{% for m in messages %}"
DONE = "{% endfor %}"
ASKED = "{% if add_generation_prompt %}"


@dataclass(frozen=True)
class ChatModel:
    """``template`` is its chat template; ``before`` and ``after`` are the tokens that
    its tokenizer puts around every text; ``begin`` and ``end`` are the named ones.
    """

    template: str
    specials: tuple[str, ...]
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    begin: str | None = None
    end: str | None = None


CHATML = (
    EACH
    + "<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n"
    + DONE
    + ASKED
    + "<|im_start|>assistant\n{% endif %}"
)
IM = ("<|im_start|>", "<|im_end|>")
SYSTEM = "<|im_start|>system\nYou help.<|im_end|>\n"
NO_THOUGHT = (
    "{% if enable_thinking is defined and not enable_thinking %}"
    "<think>\n\n</think>\n\n{% endif %}"
)
LLAMA_3 = (
    EACH
    + "<|head|>{{ m.role }}<|tail|>\n\n{{ m.content | trim }}<|eot|>"
    + DONE
    + ASKED
    + "<|head|>assistant<|tail|>\n\n{% endif %}"
)
DATED = (
    "{{ bos_token }}{% if not day is defined %}{% if strftime_now is defined %}"
    "{% set day = strftime_now('%d %b %Y') %}{% endif %}{% endif %}"
    "<|head|>system<|tail|>\n\nToday Date: {{ day }}<|eot|>"
)
COMMAND = (
    EACH
    + "<|START|><|{{ m.role | upper }}|>{{ m.content }}<|END|>"
    + DONE
    + ASKED
    + "<|START|><|CHATBOT|>{% endif %}"
)
CHAT_MODELS = {
    "Llama 2": ChatModel(
        "{{ bos_token }}" + EACH + "[INST] {{ m.content | trim }} [/INST]" + DONE,
        ("<s>", "</s>"),
        before=("<s>",),
        begin="<s>",
        end="</s>",
    ),
    "Llama 3": ChatModel(
        "{{ bos_token }}" + LLAMA_3,
        ("<|bot|>", "<|head|>", "<|tail|>", "<|eot|>"),
        before=("<|bot|>",),
        begin="<|bot|>",
        end="<|eot|>",
    ),
    "Llama 3.2, with a date": ChatModel(
        DATED + LLAMA_3,
        ("<|bot|>", "<|head|>", "<|tail|>", "<|eot|>"),
        before=("<|bot|>",),
        begin="<|bot|>",
        end="<|eot|>",
    ),
    "Mistral": ChatModel(
        "{{- bos_token }}" + EACH + "[INST]{{ m.content }}[/INST]" + DONE,
        ("<s>", "</s>", "[INST]", "[/INST]"),
        before=("<s>",),
        begin="<s>",
        end="</s>",
    ),
    "Mistral, begun without a name": ChatModel(
        "<s>" + EACH + "[INST]{{ m.content }}[/INST]" + DONE,
        ("<s>", "</s>", "[INST]", "[/INST]"),
        before=("<s>",),
        end="</s>",
    ),
    "Mistral, ending every text": ChatModel(
        "{{ bos_token }}" + EACH + "[INST] {{ m.content }} [/INST]" + DONE,
        ("<s>", "</s>"),
        before=("<s>",),
        after=("</s>",),
        begin="<s>",
        end="</s>",
    ),
    "Qwen 2.5": ChatModel(SYSTEM + CHATML, IM, end="<|im_end|>"),
    "Qwen 3": ChatModel(
        CHATML.removesuffix("{% endif %}") + NO_THOUGHT + "{% endif %}",
        (*IM, "<think>", "</think>"),
        end="<|im_end|>",
    ),
    "Gemma": ChatModel(
        "{{ bos_token }}"
        + EACH
        + "<turn>{{ 'model' if m.role == 'assistant' else m.role }}\n"
        + "{{ m.content | trim }}<end>\n"
        + DONE
        + ASKED
        + "<turn>model\n{% endif %}",
        ("<bos>", "<eos>", "<turn>", "<end>"),
        before=("<bos>",),
        begin="<bos>",
        end="<eos>",
    ),
    "GLM-4": ChatModel(
        "[gMASK]<sop>"
        + EACH
        + "<|{{ m.role }}|>\n{{ m.content }}"
        + DONE
        + ASKED
        + "<|assistant|>{% endif %}",
        ("[gMASK]", "<sop>", "<|user|>", "<|assistant|>"),
        before=("[gMASK]", "<sop>"),
        end="<|user|>",
    ),
    "ChatML": ChatModel(CHATML, IM, end="<|im_end|>"),
    "ChatML that begins every text": ChatModel(
        CHATML, ("<s>", *IM), before=("<s>",), begin="<s>", end="<|im_end|>"
    ),
    "Phi": ChatModel(
        EACH + "<|{{ m.role }}|>\n{{ m.content }}<|end|>\n" + DONE + "<|assistant|>\n",
        ("<|user|>", "<|assistant|>", "<|end|>", "<|endoftext|>"),
        end="<|endoftext|>",
    ),
    "Aya": ChatModel(
        "<BOS>" + COMMAND,
        ("<BOS>", "<|START|>", "<|END|>", "<|USER|>", "<|CHATBOT|>"),
        before=("<BOS>",),
        begin="<BOS>",
        end="<|END|>",
    ),
    "Command R with parts": ChatModel(
        "{{ bos_token }}"
        + COMMAND.replace(
            "{{ m.content }}", "{% for p in m.content %}{{ p.text }}{% endfor %}"
        ),
        ("<BOS>", "<|START|>", "<|END|>", "<|USER|>", "<|CHATBOT|>"),
        before=("<BOS>",),
        begin="<BOS>",
        end="<|END|>",
    ),
    "DeepSeek R1": ChatModel(
        "{{ bos_token }}"
        + EACH
        + "<|User|>{{ m.content }}"
        + DONE
        + ASKED
        + "<|Assistant|><think>\n{% endif %}",
        ("<|begin|>", "<|stop|>", "<|User|>", "<|Assistant|>", "<think>", "</think>"),
        before=("<|begin|>",),
        begin="<|begin|>",
        end="<|stop|>",
    ),
    "DeepSeek V3.1": ChatModel(
        "{% if thinking is not defined %}{% set thinking = false %}{% endif %}"
        + "{{ bos_token }}"
        + EACH
        + "<|User|>{{ m.content }}"
        + DONE
        + ASKED
        + "<|Assistant|>{{ '<think>' if thinking else '</think>' }}{% endif %}",
        ("<|begin|>", "<|stop|>", "<|User|>", "<|Assistant|>", "<think>", "</think>"),
        before=("<|begin|>",),
        begin="<|begin|>",
        end="<|stop|>",
    ),
    "SmolLM": ChatModel(
        "{% if messages[0].role != 'system' %}" + SYSTEM + "{% endif %}" + CHATML,
        IM,
        begin="<|im_start|>",
        end="<|im_end|>",
    ),
    "EuroLLM": ChatModel(
        "{{ bos_token }}" + CHATML,
        ("<s>", "</s>", *IM),
        before=("<s>",),
        begin="<s>",
        end="<|im_end|>",
    ),
    "a line end before the beginning": ChatModel(
        "\n{{ bos_token }}" + EACH + "[INST] {{ m.content }} [/INST]" + DONE,
        ("<s>", "</s>"),
        before=("<s>",),
        begin="<s>",
        end="</s>",
    ),
    "a date after a line end": ChatModel(
        "\n<s>" + EACH + "{{ strftime_now('%Y-%m-%d') }}|{{ m.content }}|" + DONE,
        ("<s>", "</s>"),
        before=("<s>",),
        begin="<s>",
        end="</s>",
    ),
}


def chat_tokenizer(name: str) -> PreTrainedTokenizerFast:
    """One token per byte beside the special ones of a chat model."""
    model = CHAT_MODELS[name]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = ["<unk>", "<pad>", *model.specials, *letters]
    vocabulary = {token: i for i, token in enumerate(tokens)}
    inner = Tokenizer(models.BPE(vocabulary, []))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(
        add_prefix_space=False, use_regex=False
    )
    inner.decoder = decoders.ByteLevel()
    inner.add_special_tokens(list(model.specials))
    if model.before or model.after:
        around = [*model.before, "$A", *model.after]
        inner.post_processor = processors.TemplateProcessing(
            single=" ".join(around),
            special_tokens=[(each, vocabulary[each]) for each in model.specials],
        )
    named = {"bos_token": model.begin, "eos_token": model.end, "pad_token": "<pad>"}
    fast = PreTrainedTokenizerFast(
        tokenizer_object=inner,
        **{token: value for token, value in named.items() if value},
    )
    fast.chat_template = model.template
    return fast
