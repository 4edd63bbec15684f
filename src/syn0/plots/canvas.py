"""Matplotlib: figures, panels and what all plots share. Nothing else here imports it.

A figure of ours is never given to pyplot, so neither its backend nor its settings change;
what people set there (styles, sizes of letters) holds for our plots too.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from syn0.errors import ArgumentError
from syn0.files.atomic import write_atomically

_GAP = 0.32  # between panels inside of axes that were given, as a share of a panel


@dataclass(frozen=True)
class Plot:
    """A plot made with Matplotlib; a notebook shows it, and `save` writes it into a file.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
        The whole; ours, or that of the axes that were given.
    axes : tuple of matplotlib.axes.Axes
        The panels, to be changed at will.
    values : mapping
        The numbers that are drawn.
    """

    figure: Any
    axes: tuple[Any, ...]
    values: Mapping[str, Any] = field(repr=False)
    is_own: bool = field(default=True, repr=False)

    def save(self, path: str | Path, **options: Any) -> Path:
        """Write the figure into a file, which appears whole or not at all.

        Parameters
        ----------
        path : str or Path
            Its ending tells the format: ``.png``, ``.svg``, ``.pdf`` and what else
            Matplotlib writes.
        **options
            As for `matplotlib.figure.Figure.savefig`.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        ArgumentError
            If Matplotlib cannot write such a file.
        FileAccessError
            If there is no such folder, or no room in it.
        """
        place = Path(path)
        kind = place.suffix.lstrip(".").lower()
        check_kind(self.figure, place, "save(path)")
        content = io.BytesIO()
        self.figure.savefig(content, format=kind, **options)
        write_atomically(place, content.getvalue())
        return place

    def _repr_png_(self) -> bytes | None:
        if not self.is_own:  # who gave the axes shows them
            return None
        content = io.BytesIO()
        self.figure.savefig(content, format="png")
        return content.getvalue()


def new_figure(
    width: float, height: float, layout: Literal["constrained"] | None = "constrained"
) -> Any:
    """Return a figure of so many inches, with a canvas that needs no screen.

    Raises
    ------
    ArgumentError
        If Matplotlib is missing.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ArgumentError(
            "pictures need Matplotlib, which is not installed.",
            mend="pip install 'syn0[plots]'",
        ) from error
    figure = Figure(figsize=(width, height), dpi=120, layout=layout)
    FigureCanvasAgg(figure)
    return figure


def check_kind(figure: Any, path: Path, where: str) -> None:
    """Raise `ArgumentError` if Matplotlib does not write files with this ending."""
    kinds = figure.canvas.get_supported_filetypes()
    if path.suffix.lstrip(".").lower() not in kinds:
        raise ArgumentError(
            f"a picture cannot be written as {path.name!r}.",
            where=where,
            expected="a name that ends in " + ", ".join(f".{kind}" for kind in sorted(kinds)),
        )


def draw(
    ax: Any, size: tuple[float, float], draws: Callable[..., Mapping[str, Any]],
    *, rows: int = 1, columns: int = 1,
) -> Plot:  # fmt: skip
    """Return the plot that a function draws on panels of its own, or inside of given axes.

    Parameters
    ----------
    ax : Axes or None
        Where to draw; None for a new figure.
    size : (width, height)
        Of a new figure, in inches.
    draws : callable
        Takes the panels, row by row, and returns the values of the plot.
    rows, columns : int
        How many panels.
    """
    if ax is None:
        figure = new_figure(*size)
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        return Plot(figure, tuple(panels), draws(*panels))
    if not hasattr(ax, "inset_axes"):
        raise ArgumentError(
            f"ax is a {type(ax).__name__}.", expected="axes of Matplotlib, such as plt.gca()"
        )
    panels = [ax]
    if rows * columns > 1:
        ax.set_axis_off()
        panels = [
            ax.inset_axes([
                column / columns, 1 - (row + 1) / rows + _GAP / 2 / rows,
                (1 - _GAP) / columns, (1 - _GAP) / rows,
            ])
            for row in range(rows)
            for column in range(columns)
        ]  # fmt: skip
    whole = ax.figure.canvas.figure  # axes may lie in a part of a figure
    return Plot(whole, tuple(panels), draws(*panels), is_own=False)


# ----- what plots share -----------------------------------------------------


def plain(text: object) -> str:
    r"""Return a text of people's own as Matplotlib writes it out: no mathematics, no hiding.

    Examples
    --------
    >>> plain("$5"), plain("_x")
    ('\\$5', ' _x')
    """
    found = str(text).replace("$", r"\$")
    return f" {found}" if found.startswith("_") else found


def fitted(text: object, most: int = 24) -> str:
    """Return a name of at most so many letters, its middle left out if need be."""
    found = str(text)
    if len(found) > most:
        head = (most - 1) // 2
        found = f"{found[:head]}…{found[head + 1 - most :]}"
    return plain(found)


def whole_numbers(axis: Any) -> None:
    """Put marks at whole numbers only."""
    axis.get_major_locator().set_params(integer=True)


def quiet(axes: Any, grid: str | None = "y") -> None:
    """Take away the frame's upper and right side and draw a pale grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    if grid:
        axes.grid(axis=grid, alpha=0.3, linewidth=0.6)
