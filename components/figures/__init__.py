"""The figure spec and the builders of every page's figures; neither Streamlit nor
Plotly nor Matplotlib.
"""
