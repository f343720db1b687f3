"""A figure spec as it prints: PDF, SVG and PNG at the width of a venue, with typefaces;
no Streamlit.
"""
