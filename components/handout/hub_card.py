"""The card of a hub folder: what is in it, how it counts, what was measured, one figure."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.core.counting import count
from analysis.core.model_names import HUB_ID
from analysis.languages import languages
from analysis.sharing.folder import Folder
from analysis.sharing.manifest import (
    CARD,
    FIGURE,
    STUDY,
    HubManifest,
    Setting,
    SharedVector,
)
from analysis.steering.snippets import Push, transformers_code
from analysis.study.study import Study
from components.figures import gallery
from components.paperpack import pack, recipes
from components.paperpack.of_gallery import recipe_of
from components.printing import sheet

SHOWN = ("similarity", "recognition", "transfer")
"""The figure of a card: the first of these that a study has."""
TAGS = ("babelscope", "steering-vectors", "activation-steering", "multilingual")
MARKS = re.compile(r"([\\`*_{}\[\]<>()#+!|~$])")
"""Letters that mean something in Markdown."""
MOST_ROWS = 40


@dataclass(frozen=True)
class Picture:
    """A figure of a card: a PNG, and what it shows."""

    data: bytes
    alternative: str
    caption: str


def with_card(folder: Folder, study: Study, name: str) -> dict[str, bytes | Path]:
    """All files of a hub folder: its card and figure too."""
    picture = picture_of(study)
    made: dict[str, bytes | Path] = {}
    made[CARD] = card(folder.manifest, name, picture).encode()
    if picture is not None:
        made[FIGURE] = picture.data
    return made | dict(folder.files)


def picture_of(study: Study) -> Picture | None:
    """The first figure of SHOWN that a study has; None where it has none."""
    there = gallery.names(study)
    for name in SHOWN:
        if name not in there:
            continue
        recipe = recipe_of(study, name)
        made = sheet.compose([recipe.figure], recipe.look, pack.own_fonts())
        data = sheet.FORMATS["png"](made, recipes.facts([recipe]))
        figure = recipe.figure
        return Picture(data, figure.title, figure.seen or figure.caption)
    return None


def card(manifest: HubManifest, name: str, picture: Picture | None) -> str:
    """The README of a folder: YAML for the hub, then words for people."""
    parts = [
        f"---\n{metadata(manifest)}---\n",
        f"# {plain(manifest.title)}\n",
        about(manifest),
        *pictured(picture),
        "## Use\n",
        use(manifest, name),
        "## How the vectors count\n",
        counting(manifest),
        "## Settings that were measured\n",
        settings(manifest),
        "## Where the vectors come from\n",
        provenance(manifest),
        "## Licence\n",
        licence(manifest),
    ]
    return "\n".join(parts)


def metadata(manifest: HubManifest) -> str:
    """What the hub reads of a card: every value is JSON, which YAML can read."""
    known: dict[str, object] = {"library_name": "babelscope", "tags": list(TAGS)}
    if manifest.licence:
        known["license"] = manifest.licence
    if HUB_ID.fullmatch(manifest.model_name):
        known["base_model"] = manifest.model_name
    known["language"] = list(manifest.languages)
    lines = []
    for key, value in known.items():
        lines.append(f"{key}: {json.dumps(value, ensure_ascii=False)}\n")
    return "".join(lines)


def plain(text: str) -> str:
    """A text in which nothing is Markdown or HTML."""
    return MARKS.sub(r"\\\1", " ".join(text.split()))


def about(manifest: HubManifest) -> str:
    """What is in the folder, in a few sentences."""
    languages_ = count(len(manifest.languages), "language")
    concepts = ", ".join(manifest.concepts)
    text = (
        f"{count(len(manifest.vectors), 'steering vector')} of "
        f"{plain(model_words(manifest))} in {languages_}, made with Babelscope "
        f"{manifest.babelscope}. Concepts: {plain(concepts)}."
    )
    if manifest.study is not None:
        text += f" The whole study that they are of is in `{STUDY}`."
    return f"{text}\n"


def model_words(manifest: HubManifest) -> str:
    """The model, and the commit of it where it is one of the hub's."""
    revision = str(manifest.model.get("revision", ""))
    words = manifest.model_name
    if revision and revision not in ("local", "main"):
        words += f" at {revision}"
    if manifest.weights:
        words += f" ({manifest.weights})"
    return words


def pictured(picture: Picture | None) -> Iterator[str]:
    """The figure with what it shows."""
    if picture is not None:
        yield f"![{plain(picture.alternative)}]({FIGURE})\n"
        yield f"{plain(picture.caption)}\n"


def use(manifest: HubManifest, name: str) -> str:
    """Two commands, and plain transformers."""
    vector = example(manifest)
    setting = vector.settings[0] if vector.settings else None
    middle = vector.layers[len(vector.layers) // 2]
    push = Push(
        file=vector.file,
        model=manifest.model_name,
        depth=manifest.layers,
        layers=setting.layers if setting else (middle,),
        strength=setting.strength if setting else 1.0,
    )
    return (
        f"```sh\nbabelscope pull {name}\nbabelscope app\n```\n\n"
        "Without Babelscope, with transformers and this repository's files:\n\n"
        f"```python\n{transformers_code(push)}```\n"
    )


def example(manifest: HubManifest) -> SharedVector:
    """A vector with a setting that works, or the first one."""
    for vector in manifest.vectors:
        if any(setting.works for setting in vector.settings):
            return vector
    return manifest.vectors[0]


def counting(manifest: HubManifest) -> str:
    """Layers, hook site and unit, for those who read a file themselves."""
    lines = [
        f"- Files: `vectors/*.safetensors`, keys `layer.1` … `layer.{manifest.layers}`, "
        f"float32, {manifest.hidden} numbers each; `manifest.json` tells of every one.",
        f"- Hook site: {plain(manifest.hook)}.",
        f"- Strength: {plain(manifest.unit)}. Language vectors: 1 is the whole gap "
        "between the means of two sets of texts.",
        "- A setting pushes every token at each of its layers, unless it says otherwise.",
    ]
    return "\n".join(lines) + "\n"


def settings(manifest: HubManifest) -> str:
    """A table of what was measured, those first that work by their own rule."""
    rows = []
    for vector in manifest.vectors:
        for setting in vector.settings:
            rows.append((vector, setting))
    if not rows:
        return (
            "None were: no recorded answers and no finished control run belong to this "
            "study. Try strengths around 1 at the middle layers, and look at the texts.\n"
        )
    rows.sort(key=lambda row: not row[1].works)
    head = (
        "| vector | layers | strength | effect | without | random twin | cost | works |"
    )
    lines = [head, "|---|---|---|---|---|---|---|---|"]
    lines += [row(vector, setting) for vector, setting in rows[:MOST_ROWS]]
    more = len(rows) - MOST_ROWS
    if more > 0:
        lines.append(f"\n{more} more are in `manifest.json`.")
    lines.append(
        "\nBrackets are 95 % intervals (Wilson's, of shares) over n prompts that were "
        "not used to choose the setting; `manifest.json` says what it was chosen on."
    )
    return "\n".join(lines) + "\n"


def row(vector: SharedVector, setting: Setting) -> str:
    """One measured setting."""
    effect = f"{setting.effect:.3g}"
    if setting.low is not None and setting.high is not None:
        effect += f" [{setting.low:.2f}, {setting.high:.2f}]"
    costs = [f"{name}: {value:.3g}" for name, value in setting.costs.items()]
    cells = (
        vector.words,
        ", ".join(map(str, setting.layers)),
        f"{setting.strength:g}",
        f"{effect} (n = {setting.n}), {setting.measure}",
        known(setting.baseline),
        known(setting.twin),
        "; ".join(costs),
        "yes" if setting.works else "no",
    )
    return f"| {' | '.join(map(plain, cells))} |"


def known(value: float | None) -> str:
    """A number, or that there is none."""
    return "not measured" if value is None else f"{value:.3g}"


def provenance(manifest: HubManifest) -> str:
    """Corpus, estimator and how texts were read."""
    named = [languages.label(code) for code in manifest.languages]
    lines = [
        f"- Model: {plain(model_words(manifest))}, "
        f"{plain(str(manifest.model.get('dtype', '')))}",
        f"- Texts: {plain(manifest.corpus)}, digest `{manifest.corpus_digest}`",
        f"- Estimator: {plain(manifest.estimator)}; states were read "
        f"{plain(manifest.position)}; template: {plain(manifest.template)}",
        f"- Languages: {plain(', '.join(named))}",
        f"- Study digest: `{manifest.digest}`",
        *lacking(manifest.lacking),
    ]
    return "\n".join(lines) + "\n"


def lacking(sentences: Sequence[str]) -> Iterable[str]:
    """Vectors that are not there, and why."""
    return [f"- Not here: {plain(each)}" for each in sentences]


def licence(manifest: HubManifest) -> str:
    """What may be done with the folder, as far as it was told."""
    if manifest.licence:
        text = f"Vectors and study: {plain(manifest.licence)}."
    else:
        text = "No licence was given: ask the author before you pass it on."
    if manifest.notice:
        text += f" {plain(manifest.notice)}."
    return f"{text}\n"
