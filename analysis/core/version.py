"""Which Babelscope this is; manifests, recipes and printed figures record it."""

__version__ = "0.2.0"
