"""The pictures: how many times longer the others take, and how time grows with size."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from benchmarks.measuring import Result
from benchmarks.peers import TITLES
from benchmarks.report import Report, duration, three_digits

if TYPE_CHECKING:
    from benchmarks.scaling import Sweep

INK, QUIET, PAPER = "#1f2430", "#6b7280", "#ffffff"
COLOURS = {
    "syn0": "#1d4ed8",
    "torch": "#c2410c",
    "jax": "#047857",
    "onnxruntime": "#be185d",
    "sklearn": "#7c3aed",
    "numpy": "#a16207",
}


def draw_report(report: Report, path: Path) -> None:
    """Draw a bar for each peer and workload: its time in units of that of syn0."""
    figure = _figure(8.5, 0.8 + 0.24 * sum(len(_shown(r)) + 1 for r in report.results))
    axes = figure.subplots()
    place, places, names = 0.0, [], []
    for result in report.results:
        shown = _shown(result)
        places.append(place + (len(shown) - 1) / 2)
        names.append(f"{result.name}\nsyn0: {duration(result.seconds['syn0'])}")
        for peer in shown:
            _bar(axes, place, peer, result.ratio(peer))
            place += 1
        place += 0.8
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_ylim(place - 0.8, -0.8)
    axes.set_xlim(right=axes.get_xlim()[1] * 1.6)
    axes.axvline(1, color=COLOURS["syn0"], linewidth=1.5)
    axes.set_yticks(places, names, fontsize=9)
    axes.tick_params(axis="y", length=0)
    _plain(axes)
    title = f"Time of a step or call, in units of that of syn0 ({report.threads} threads)"
    axes.set_title(title, loc="left", color=INK, fontsize=11)
    peers = [p for p in TITLES if p != "syn0" and any(p in r.seconds for r in report.results)]
    for peer in peers:
        axes.barh(0, 0, color=COLOURS[peer], label=TITLES[peer])
    axes.legend(frameon=False, fontsize=9, labelcolor=INK, loc="best")
    _save(figure, path)


def draw_scaling(sweeps: Sequence[Sweep], path: Path) -> None:
    """Draw time against each size, above a line of the operations at the best rate reached."""
    figure = _figure(11, 3.2)
    for axes, sweep in zip(figure.subplots(1, len(sweeps)), sweeps, strict=True):
        best = min(s / f for s, f in zip(sweep.seconds, sweep.flops, strict=True))
        line = [best * flops for flops in sweep.flops]
        axes.plot(sweep.values, line, color=QUIET, linestyle="--", label="all at the best rate")
        axes.plot(sweep.values, sweep.seconds, color=COLOURS["syn0"], marker="o", label="syn0")
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_xlabel(sweep.label, color=INK)
        _plain(axes)
    first = figure.axes[0]
    first.set_ylabel("seconds", color=INK)
    first.legend(frameon=False, fontsize=8, labelcolor=INK)
    _save(figure, path)


def _shown(result: Result) -> list[str]:
    return [peer for peer in TITLES if peer in result.seconds and peer != "syn0"]


def _bar(axes: Axes, place: float, peer: str, ratio: float) -> None:
    axes.barh(place, ratio - 1, left=1, color=COLOURS[peer], height=0.85)
    text = f" {three_digits(ratio)} "
    axes.text(max(ratio, 1), place, text, va="center", fontsize=8.5, color=INK)


def _figure(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), facecolor=PAPER, layout="constrained")
    FigureCanvasSVG(figure)
    return figure


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=QUIET)


def _save(figure: Figure, path: Path) -> None:
    rcParams["svg.hashsalt"] = "syn0"  # the same drawing gives the same file
    figure.savefig(path, metadata={"Date": None})
