"""Draw the pictures of the docs: `python docs/make_pictures.py [folder]`.

Without a folder they go to docs/pictures/, where README.md finds them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from sklearn.datasets import load_digits

import syn0
from syn0.lab import lesson

INK, QUIET, PAPER = "#1f2430", "#6b7280", "#ffffff"
COLOURS = {"forward": "#047857", "loss": "#c2410c", "backward": "#7c3aed", "update": "#1d4ed8"}


def draw_lesson(path: Path) -> None:
    """Draw the lesson's falling loss beside the loop of the program that the network printed."""
    result = lesson.train()
    figure = Figure(figsize=(11, 4.6), facecolor=PAPER)
    FigureCanvasSVG(figure)
    _draw_loss(figure.add_axes((0.06, 0.13, 0.36, 0.74)), result)
    _draw_program(figure.add_axes((0.47, 0.04, 0.52, 0.83)), _loop(lesson.program()))
    figure.savefig(path, metadata={"Date": None})


def _draw_loss(axes: Axes, result: lesson.Result) -> None:
    axes.plot(range(1, len(result.losses) + 1), result.losses, color=COLOURS["loss"], linewidth=2)
    axes.set_ylim(bottom=0)
    axes.set_xlim(0, len(result.losses))
    axes.set_xlabel("steps", color=INK)
    axes.set_title("the loss falls ...", loc="left", color=INK, fontsize=12)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=QUIET)
    wanted = "  ".join(f"{answer:<5d}" for answer in lesson.Y[:, 0])
    learned = "  ".join(f"{output:.3f}" for output in result.outputs)
    axes.text(
        0.97, 0.93, f"wanted   {wanted}\nlearned  {learned}", ha="right", va="top",
        family="monospace", fontsize=9, color=INK, transform=axes.transAxes,
    )  # fmt: skip


def _loop(program: str) -> list[str]:
    """Return the lines of the training loop, without the line that reports progress."""
    lines = program.splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("for "))
    last = next(i for i, line in enumerate(lines) if i > first and not line)
    return [line for line in lines[first:last] if "if (" not in line and "print(" not in line]


def _draw_program(axes: Axes, lines: list[str]) -> None:
    axes.set_axis_off()
    axes.set_title("... and this is the program that ran", loc="left", color=INK, fontsize=12)
    for number, line in enumerate(lines):
        section = line.strip(" #") if line.lstrip().startswith("#") else None
        axes.text(
            0, 1 - (number + 0.5) / len(lines), line, family="monospace", fontsize=10.5,
            color=COLOURS[section] if section else INK, va="center", transform=axes.transAxes,
            weight="bold" if section else "normal",
        )  # fmt: skip


def draw_plots(folder: Path) -> None:
    """Draw the pictures of docs/pictures.md, from the network of its first block."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 2))
    y = np.where(np.hypot(X[:, 0], X[:, 1]) > 1.5, 2, X[:, 0] * X[:, 1] > 0)
    net = syn0.Sequential(
        syn0.Dense(8, activation="tanh", name="first"),
        syn0.Dense(6, activation="relu", name="second"),
        syn0.Dense(3, activation="softmax", name="classes"),
        random_state=0,
    )
    history = net.fit(X, y, epochs=60, validation_data=0.25, optimizer=syn0.Adam(0.02), verbose=0)
    net.plot().save(folder / "network.svg")
    history.plot().save(folder / "curves.svg", metadata={"Date": None})
    boundary = syn0.plots.decision_boundary(net, X, y, labels=["off", "on", "far"])
    boundary.save(folder / "boundary.png")


def draw_seeing(folder: Path) -> None:
    """Draw what a network makes of digits, from the block of docs/pictures.md on pictures."""
    pixels, digits = load_digits(return_X_y=True)
    pixels = pixels.reshape(-1, 8, 8, 1)
    net = syn0.Sequential(
        syn0.Rescaling(1 / 16),
        syn0.Conv2D(16, 3, padding="same", activation="relu", name="edges"),
        syn0.MaxPool2D(2, name="strongest"),
        syn0.Flatten(),
        syn0.Dense(10, activation="softmax", name="digits"),
        random_state=0,
    )
    net.fit(pixels[:1200], digits[:1200], epochs=30, batch_size=32, verbose=0)
    syn0.plots.confused_images(net, pixels[1200:], digits[1200:]).save(folder / "confused.png")
    syn0.plots.class_evidence(net, pixels[1203]).save(folder / "evidence.png")


def main() -> None:
    """Draw all pictures."""
    given = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "pictures"
    given.mkdir(parents=True, exist_ok=True)
    rcParams["svg.hashsalt"] = "syn0"  # the same drawing gives the same file
    draw_lesson(given / "lesson.svg")
    draw_plots(given)
    draw_seeing(given)
    print(f"drawn: lesson, network, curves, boundary, confusions and evidence in {given}")


if __name__ == "__main__":
    main()
