"""What Babelscope computes, one room per subject."""

ROOMS = (
    "core",
    "languages",
    "tables",
    "world",
    "study",
    "concepts",
    "steering",
    "words",
    "sentences",
    "questions",
    "plane",
    "control",
    "pushing",
    "crossing",
    "certificates",
    "engines",
    "model",
    "worker",
    "overview",
    "sharing",
    "demo",
)
"""From the ground up: a room imports only itself and rooms that stand before it."""
