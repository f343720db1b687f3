"""A random model of 12 × 512 with a tiny vocabulary, and corpora in which concepts are
planted: what programs are given to compute on where the numbers do not matter.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from analysis.languages.languages import canonical
from tests import tiny
from tests.flores import FLORES

MODEL, SHALLOW = "random", "shallow"
VOCABULARY = 1024
POLES, FILLERS = 8, 512
"""Words of each pole of a concept, and words that say nothing."""
SHAPE = {
    "vocab_size": VOCABULARY,
    "hidden_size": 512,
    "num_hidden_layers": 12,
    "num_attention_heads": 8,
    "num_key_value_heads": 8,
    "head_dim": 64,
    "intermediate_size": 1376,
}
STEP = 37
"""Words by which languages lie apart."""


@dataclass(frozen=True)
class Design:
    """How many concepts, languages, and pairs of each concept in each language."""

    concepts: int
    languages: int
    pairs: int

    @property
    def rows(self) -> int:
        """Pairs in all."""
        return self.concepts * self.languages * self.pairs

    @property
    def cells(self) -> int:
        """Cells of a study of it: vectors and scores."""
        return 2 * self.concepts * self.languages

    def __str__(self) -> str:
        return f"{self.concepts} × {self.languages} × {self.pairs:,} pairs"


def codes(languages: int) -> list[str]:
    """Codes of so many languages."""
    found = dict.fromkeys(canonical(code) for code in FLORES)
    return list(found)[:languages]


def plant_models(folder: Path) -> None:
    """Write the model, a shallow one of 2 × 512, and a tokenizer: a token is a word."""
    for name, layers in ((MODEL, SHAPE["num_hidden_layers"]), (SHALLOW, 2)):
        shape = SHAPE | {"num_hidden_layers": layers}
        tiny.build("llama", **shape).save_pretrained(folder / name)
        tokenizer().save_pretrained(folder / name)


def tokenizer() -> PreTrainedTokenizerFast:
    """One token per word, parted by spaces."""
    words = ["<pad>", "<s>", "</s>"]
    words += [f"w{number}" for number in range(VOCABULARY - len(words))]
    numbers = {word: number for number, word in enumerate(words)}
    core = Tokenizer(models.WordLevel(numbers, unk_token="<pad>"))
    core.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    names = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>"}
    return PreTrainedTokenizerFast(tokenizer_object=core, **names)


def plant_corpus(path: Path, design: Design) -> None:
    """Write contrast pairs of three words; the last one tells the pole of the concept."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("pair", "concept", "language", "positive", "negative"))
        for concept in range(design.concepts):
            for place, language in enumerate(codes(design.languages)):
                for pair in range(design.pairs):
                    two = members(concept, place, pair)
                    rows.writerow((pair, f"concept {concept}", language, *two))


def members(concept: int, place: int, pair: int) -> tuple[str, str]:
    """A pair's positive and negative text."""
    shifted = pair + STEP * place
    first, second = shifted % FILLERS, (shifted // FILLERS + pair) % FILLERS
    pole = FILLERS + 2 * POLES * concept + pair % POLES
    beginning = f"w{first} w{second}"
    return f"{beginning} w{pole}", f"{beginning} w{pole + POLES}"
