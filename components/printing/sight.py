"""A sheet as a picture for the screen, in colour or with other eyes."""

import io

import numpy as np
from matplotlib.image import imsave

from components.printing.sheet import Sheet

MIXING = {
    "colour": None,
    "greyscale": np.tile((0.2126, 0.7152, 0.0722), (3, 1)),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.01182, 0.04294, 0.968881],
        ]
    ),
}
"""How the sheet looks to whom: a matrix on linear light.

Deuteranopia after Machado, Oliveira and Fernandes (2009).
"""


def preview(sheet: Sheet, sight: str = "colour", dpi: int = 200) -> bytes:
    """The sheet as a PNG, also as printed in grey or seen without seeing green."""
    sheet.canvas.set_dpi(dpi)
    sheet.canvas.canvas.draw()
    picture = np.asarray(sheet.canvas.canvas.buffer_rgba())[..., :3] / 255  # pyright: ignore[reportAttributeAccessIssue]
    mixing = MIXING[sight]
    if mixing is not None:
        light = linear_light(picture) @ mixing.T
        picture = stored_colour(light.clip(0, 1))
    levels = (picture * 255).round().astype(np.uint8)
    buffer = io.BytesIO()
    imsave(buffer, np.ascontiguousarray(levels), format="png", dpi=dpi)
    return buffer.getvalue()


def linear_light(picture: np.ndarray) -> np.ndarray:
    """Light from stored colours (sRGB, 0 to 1)."""
    bright = ((picture + 0.055) / 1.055) ** 2.4
    return np.where(picture <= 0.04045, picture / 12.92, bright)


def stored_colour(light: np.ndarray) -> np.ndarray:
    """Stored colours (sRGB, 0 to 1) from light."""
    bright = 1.055 * light ** (1 / 2.4) - 0.055
    return np.where(light <= 0.0031308, light * 12.92, bright)
