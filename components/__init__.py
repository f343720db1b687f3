"""Everything Streamlit and Plotly; no mathematics."""
