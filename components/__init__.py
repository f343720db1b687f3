"""What Babelscope shows, one room per task."""

ROOMS = (
    "figures",
    "screen",
    "printing",
    "paperpack",
    "handout",
    "frame",
    "forms",
    "views",
)
"""From the ground up: a room imports only itself and rooms that stand before it."""
