"""A study, figures or a basket as one HTML file that opens without a server; no Streamlit."""
