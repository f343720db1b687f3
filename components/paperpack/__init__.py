"""What goes into a paper beside the picture: recipes, the basket, tables, captions,
methods, works; no Streamlit.
"""
