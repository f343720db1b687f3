"""A data set of the hub: by its id, then configurations and splits, fetched on a click."""

import streamlit as st

from analysis.tables import layouts
from analysis.tables.hub_files import HubTable, Listing, listing_of, table_of
from components.frame import readings
from components.frame.polite import polite
from components.frame.text import escape

MIB = 2**20


def choose_hub_table(place: str, kind: str) -> HubTable | None:
    """The files that are chosen of a data set of the hub; None until then."""
    known = {}
    for layout in layouts.offered().values():
        if layout.hub and kind in layout.kinds:
            known[layout.hub] = layout
    name = st.selectbox(
        "Data set",
        list(known),
        index=None,
        placeholder="Choose one, or write owner/name",
        accept_new_options=True,
        key=f"{place}-dataset",
        help="Those that are offered are read as they are; of others you are asked what "
        "the columns are.",
    )
    if not name:
        return None
    if name in known:
        st.caption(escape(f"{known[name].use} Licence: {known[name].licence}."))
    with polite():
        listing = readings.reading_of(
            f"{place}-listing",
            name,
            lambda: listing_of(name.strip()),
            name,
            readings.LARGE,
        )
        return None if listing is None else choose_files(listing, place)
    return None


def choose_files(listing: Listing, place: str) -> HubTable | None:
    """Configurations and splits of a data set, and how large they are."""
    left, right = st.columns([2, 1])
    key = f"{place}-{listing.name}"
    only = list(listing.configurations) if len(listing.configurations) == 1 else []
    configurations = left.multiselect(
        "Configurations",
        listing.configurations,
        only,
        key=f"{key}-configurations",
        help="Often one a language.",
    )
    first = [split for split in listing.splits if split in ("test", "devtest")]
    splits = right.multiselect(
        "Splits", listing.splits, first or list(listing.splits[:1]), key=f"{key}-splits"
    )
    if not configurations or not splits:
        st.info("Choose a configuration and a split.", icon=":material/info:")
        return None
    table = table_of(listing, configurations, splits)
    size = f"{len(table.files):,} files, {table.size / MIB:,.1f} MiB"
    st.caption(escape(f"{size}; commit {listing.commit[:12]}."))
    if st.button("Fetch", key=f"{key}-fetch", icon=":material/cloud_download:"):
        st.session_state[f"{key}-wanted"] = table.file_id
    wanted = st.session_state.get(f"{key}-wanted") == table.file_id
    return table if wanted else None
