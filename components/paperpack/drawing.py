"""Drawing what recipes hold: whatever they make of it is theirs to mend."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from analysis.core.errors import AnalysisError, FigureError

LOG = logging.getLogger(__name__)


@contextmanager
def of_recipes() -> Iterator[None]:
    """Let FigureError say that figures from recipes cannot be drawn."""
    try:
        yield
    except AnalysisError:
        raise
    except Exception as error:
        # Recipes are edited and passed around, and one must not take the page down.
        LOG.exception("a figure cannot be drawn")
        what = f"{type(error).__name__}: {error}"[:120]
        raise FigureError(
            f"The figure of this recipe cannot be drawn ({what}). Its numbers and "
            "labels do not fit together."
        ) from error
