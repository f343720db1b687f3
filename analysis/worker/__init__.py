"""Jobs, their queue, the thread that owns the models, and all that it can be asked to
do; no measures.
"""
