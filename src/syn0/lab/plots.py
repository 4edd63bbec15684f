"""Pictures of studies; needs the `plots` extra."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from syn0.errors import ArgumentError
from syn0.lab.study import Study
from syn0.plots.canvas import check_kind, new_figure


def check(path: Path) -> Any:
    """Return a new figure for this file.

    Raises
    ------
    ArgumentError
        If Matplotlib is missing, cannot write such a file, or the folder does not exist.
    """
    figure = new_figure(6, 4.2, layout=None)
    check_kind(figure, path, "--plot")
    if not path.absolute().parent.is_dir():
        raise ArgumentError(f"there is no folder {path.absolute().parent}.", where="--plot")
    return figure


def save(study: Study, path: Path) -> None:
    """Draw a study's curves into a file: the median over seeds, and the range of all."""
    figure = check(path)
    panels = list(dict.fromkeys(curve.panel for curve in study.curves))
    figure.set_size_inches(6 * len(panels), 4.2)
    for index, panel in enumerate(panels):
        axes = figure.add_subplot(1, len(panels), index + 1)
        for curve in (c for c in study.curves if c.panel == panel):
            runs = np.array([list(run) for run in curve.runs], dtype=float)
            (line,) = axes.plot(curve.x, np.median(runs, axis=0), label=curve.label)
            low, high = runs.min(axis=0), runs.max(axis=0)
            axes.fill_between(curve.x, low, high, color=line.get_color(), alpha=0.15, linewidth=0)
        # A panel is called "whose: what against what".
        owner, _, what = panel.rpartition(": ")
        upward, _, across = what.partition(" against ")
        axes.set_title(owner)
        axes.set_xlabel(across)
        axes.set_ylabel(upward.rstrip(","))
        if study.log_x:
            axes.set_xscale("log")
        axes.set_yscale("log")
        axes.legend(fontsize="small")
    figure.tight_layout()
    figure.savefig(path)
