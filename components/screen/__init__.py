"""A figure spec as Plotly draws it; no Streamlit."""
