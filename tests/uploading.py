"""Every uploader of the program: where it is, and a file that it takes."""

import io
from collections.abc import Callable

import numpy as np
from safetensors.numpy import save as save_safetensors

from analysis.study import library
from components.paperpack import recipes
from tests.kept import recipe
from tests.visits import alive, unfolded, visit

EXTRACT, LAYERS = "pages/extract.py", "pages/layers.py"
PAIRS = b"pair,concept,language,positive,negative\n" + b"".join(
    f"{i},kindness,{code},kind {i} {code},unkind {i} {code}\n".encode()
    for i in range(6)
    for code in ("en", "fr")
)
QUESTIONS = b"item,language,question,answer,options\n" + b"".join(
    f"{i},{code},how {i} {code}?,a,a|b\n".encode()
    for i in range(6)
    for code in ("en", "fr")
)
WORDS = b"concept,en,fr\n" + b"".join(f"c{i},w{i},m{i}\n".encode() for i in range(30))
SENTENCES = b"id,en,fr\n" + b"".join(f"{i},s{i},p{i}\n".encode() for i in range(30))
PROMPTS = b"prompt,language,text\n" + b"".join(
    f"{i},{code},tell {i}\n".encode() for i in range(8) for code in ("en", "fr")
)
ANSWERS = b"item,kind,language,answer\n1,universal,en,a\n"


def npy() -> bytes:
    np.save(buffer := io.BytesIO(), np.ones((4, 8), np.float32))
    return buffer.getvalue()


class Place:
    """An uploader: its page and query, what is chosen before it is there, and a file for it.

    ``alone``: others of its page, opened, would hide it.
    """

    def __init__(
        self,
        page: str,
        name: str,
        data: bytes | Callable[[], bytes],
        before=(),
        fold: str = "",
        popover: str = "",
        alone: bool = False,
        **query: str,
    ) -> None:
        self.page, self.name, self.data = page, name, data
        self.before, self.fold, self.query = before, fold, query
        self.popover, self.alone = popover, alone

    def open(self):
        """A session that looks at the page."""
        at = visit(self.page, **self.query)
        if self.fold:
            unfolded(at, self.fold)
        for kind, key, value in self.before:
            alive(getattr(at, kind)(key=key).set_value(value).run())
        return at

    def content(self) -> bytes:
        """A file that this place takes."""
        return self.data() if callable(self.data) else self.data


def recipe_file() -> bytes:
    """A recipe of a figure whose study is not here."""
    return recipes.write(recipe("tree")).encode()


VECTORS = save_safetensors({f"layer.{n}": np.ones(8, np.float32) for n in (1, 2)})
LENS = save_safetensors(
    {"1.weight": np.eye(8, dtype=np.float32), "1.bias": np.ones(8, np.float32)}
)
PLACES = {
    "draft-file": Place(
        EXTRACT, "mine.csv", PAIRS, [("button_group", "draft-origin", "a file")]
    ),
    "draft-shares": Place(EXTRACT, "shares.csv", b"code,percent\nen,90\n", alone=True),
    "questions-file": Place(
        LAYERS,
        "mine.csv",
        QUESTIONS,
        [("button_group", "questions-origin", "a file")],
        fold="ask",
        study="demo",
    ),
    "means-files": Place(LAYERS, "means.sw.npy", npy, fold="means", study="demo"),
    "latent-file": Place(LAYERS, "mine.safetensors", LENS, study="demo", tab="latent"),
    "words-file": Place(
        "pages/alignment.py",
        "mine.csv",
        WORDS,
        [("button_group", "words-origin", "a file")],
        study="llama2-chat-7b",
    ),
    "sentences-file": Place(
        "pages/alignment.py",
        "mine.csv",
        SENTENCES,
        study="llama2-chat-7b",
        align="sentences",
    ),
    "run-file": Place(
        "pages/control.py",
        "mine.csv",
        PROMPTS,
        [("selectbox", "run-prompts", "a file")],
        study="demo",
    ),
    "rivals": Place(
        "pages/plane.py",
        "mine.csv",
        ANSWERS,
        popover="Another method's answers",
        study="demo",
    ),
    "recipe-file": Place("pages/figures.py", "recipe.json", recipe_file, study="demo"),
    "vector-file": Place(
        "pages/playground.py", "mine.safetensors", VECTORS, study="demo", tab="saved"
    ),
    "study-file": Place(
        "pages/studies.py",
        "mine.babelscope",
        lambda: library.pack("demo"),
        tab="add",
    ),
}
SHARED = {"study-file", "latent-file"}
"""What is for everybody: the list of studies, or of lenses, grows, and nothing else."""
