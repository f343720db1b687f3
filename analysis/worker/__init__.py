"""Jobs, their queue, the thread or processes that own the models, and all that they can
be asked to do; no measures.
"""
