"""What is drawn: the figure spec and every figure builder, by page. Results go in,
figures come out; no widget, no Plotly and no Matplotlib lives here.
"""
