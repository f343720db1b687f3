"""Files of vectors that are imported: which layer each vector is of, and how that fits."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from analysis.core.errors import SpecError
from analysis.steering.vector_files import SUFFIXES, keep_vectors, read_rows
from analysis.steering.vector_layouts import (
    Fit,
    ModelSize,
    Rows,
    fits_of,
    mapping_words,
    placed,
)
from analysis.study.study import Study
from components.frame import readings
from components.frame.polite import polite
from components.frame.text import escape

RESEMBLES = 0.3
"""Mean cosine from which vectors are taken to resemble those of the study."""


@dataclass(frozen=True)
class Brought:
    """The vectors of a file, and how well each count of their layers fits the study."""

    rows: Rows
    fits: tuple[Fit, ...]


def bring(study: Study) -> None:
    """A file of vectors: read off the page, shown layer by layer, and kept."""
    endings = [ending.lstrip(".") for ending in SUFFIXES]
    file = st.file_uploader(
        "Import vectors", type=endings, key="vector-file", max_upload_size=200
    )
    size = ModelSize(study.layers, width_of(study))

    def read(data: bytes, filename: str) -> Brought:
        rows = read_rows(data, filename, size)
        return Brought(rows, fits(rows, study, size))

    with polite():
        brought = readings.of_file(file, "vector-file", read, study.name)
        if file is None or brought is None:
            return
        shift = choose_count(brought, size, file.name)
        if shift is None:
            return
        show_layers(brought, shift, size)
        if brought.rows.shift == shift or asked_to_keep():
            keep(file, brought.rows, shift)


def width_of(study: Study) -> int:
    """How wide the model's states are; 0 where the study has no vectors."""
    if not study.has("concept_vector"):
        return 0
    return study.array("concept_vector").sizes["hidden"]


def fits(rows: Rows, study: Study, size: ModelSize) -> tuple[Fit, ...]:
    """How well every count fits the study's vectors, each the mean of its languages."""
    if rows.values.shape[1] != size.hidden:
        return ()
    own = study.array("concept_vector").mean("language", skipna=True)
    values = own.transpose("concept", "layer", "hidden").values
    return tuple(fits_of(rows, values.astype(np.float32), list(study.concepts)))


def choose_count(brought: Brought, size: ModelSize, filename: str) -> int | None:
    """What makes a layer of a file's number: as is known, or as is answered."""
    rows = brought.rows
    firsts = rows.first_layers(size.layers)
    if not firsts:
        raise SpecError(
            f"{filename} has vectors of more layers than the {size.layers} of this "
            "study's model. Choose the study of their model, or a file of this one."
        )
    known = None
    if rows.shift is None:
        st.info(
            f"{escape(filename)} does not tell how its layers are counted "
            f"({escape(rows.said)}). Say of which layer its first vector is.",
            icon=":material/help:",
        )
    else:
        st.caption(escape(f"{rows.said[0].upper()}{rows.said[1:]}."))
        first = rows.numbers[0] + rows.shift
        if first not in firsts:
            raise SpecError(
                f"{filename} has a vector of layer {rows.numbers[-1] + rows.shift}; the "
                f"model of this study has {size.layers} layers. Choose the study of "
                "their model, or a file of this one."
            )
        known = firsts.index(first)
    show_fits(brought, size)
    first = st.selectbox(
        f"{escape(rows.names[0])} is of",
        firsts,
        index=known,
        format_func=lambda layer: layer_words(layer, size.layers),
        placeholder="Choose a layer",
        key="vector-first",
    )
    return None if first is None else rows.from_first(first)


def layer_words(layer: int, layers: int) -> str:
    """A layer of a model; layer 0 is the embedding."""
    return f"layer {layer} of {layers}" if layer else "the embedding, before layer 1"


def show_fits(brought: Brought, size: ModelSize) -> None:
    """A table of counts with the cosine of each, and what it says."""
    known = [fit for fit in brought.fits if np.isfinite(fit.cosine)]
    if not known:
        st.caption(
            "No vectors of this study are as wide as these, so the count cannot be "
            "checked against them."
        )
        return
    name = brought.rows.names[0]
    table = {
        f"{name} is of": [layer_words(fit.first, size.layers) for fit in known],
        "mean cosine": [round(fit.cosine, 3) for fit in known],
        "with the vectors of": [fit.like for fit in known],
    }
    st.dataframe(pd.DataFrame(table), hide_index=True, key="vector-fits")
    best = max(known, key=lambda fit: fit.cosine)
    if best.cosine < RESEMBLES:
        said = "They resemble none of this study's vectors, so cosines cannot tell the count."
    else:
        said = (
            f"They fit this study's own vectors best where {name} is of "
            f"{layer_words(best.first, size.layers)}: mean cosine "
            f"{best.cosine:z.2f} with {best.like}."
        )
    st.caption(escape(said))


def show_layers(brought: Brought, shift: int, size: ModelSize) -> None:
    """Every vector with its layer."""
    words = mapping_words(brought.rows, shift, size.layers)
    st.dataframe(
        pd.DataFrame({"vector → layer": words}), hide_index=True, key="vector-map"
    )
    width = brought.rows.values.shape[1]
    if size.hidden and width != size.hidden:
        st.warning(
            f"The vectors have {width:,} numbers and the states of this study's model "
            f"{size.hidden:,}, so they cannot steer it.",
            icon=":material/warning:",
        )


def asked_to_keep() -> bool:
    """Whether vectors whose count was answered are to be kept."""
    return st.button(
        "Keep with these layers", icon=":material/save:", key="vector-keep"
    )


def keep(file: Any, rows: Rows, shift: int) -> None:
    """Keep the vectors, once for each file and count."""
    done = (file.file_id, shift)
    if st.session_state.get("brought") == done:
        return
    name = keep_vectors(placed(rows, shift, file.name), file.name)
    st.session_state["brought"] = done
    st.toast(
        f"Kept as {escape(name)}: choose “Imported file” as the vector.",
        icon=":material/upload_file:",
    )
    # The list of files was drawn already.
    st.rerun()
