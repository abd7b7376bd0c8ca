"""A quick look at the data of a dataset, as one picture for its page in the browser."""

from __future__ import annotations

import base64
import io

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.kernel.dataset import Dataset
from jupyter_shinecat.kernel.errors import FileProblem, file_problem
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import Dataset as Record

_SIZE_INCHES = (5.6, 3.8)
_DOTS_PER_INCH = 110


def quick_look(found: Record) -> dict[str, str]:
    """What ``ds.plot()`` shows; without matplotlib what ``ds.image(0)`` shows.

    Returns
    -------
    dict
        ``source``: a ``data:image/png`` address; ``caption``: what it is.

    Raises
    ------
    FileProblem
        There is nothing to draw, or the file can't be read here.
    """
    try:
        picture = _picture(Dataset(found))
    except ShineCatError:
        raise
    except Exception as cause:  # numbers from anybody's file, drawn by a library
        why = str(cause)[:300] or type(cause).__name__
        raise file_problem("format", tr("{name} can't be drawn: {cause}", name=found.name, cause=why)) from None
    return {"source": "data:image/png;base64," + base64.b64encode(picture).decode("ascii"), "caption": found.name}


def _picture(dataset: Dataset) -> bytes:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        try:
            return dataset.image(0)._repr_png_()
        except FileProblem:
            dataset.plot()  # no image: says what drawing needs
            raise
    # A figure of its own: one of pyplot's would appear in the notebook, below whatever cell runs next.
    figure = Figure(figsize=_SIZE_INCHES, dpi=_DOTS_PER_INCH, layout="constrained", facecolor="white")
    dataset.plot(ax=figure.subplots())
    made = io.BytesIO()
    figure.savefig(made, format="png")
    return made.getvalue()
