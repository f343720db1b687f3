"""A study, figures or a basket as one HTML file that opens without a server; the card of a
hub folder; no Streamlit.
"""
