"""Draw the pictures of the docs: `python docs/make_pictures.py [folder]`.

Without a folder they go to docs/pictures/, where README.md finds them.
"""

from __future__ import annotations

import sys
from pathlib import Path

from matplotlib import rcParams
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from syn0.lab import lesson

INK, PAPER, FALLING, QUIET = "#1f2430", "#ffffff", "#c2410c", "#6b7280"


def draw_lesson(path: Path) -> None:
    """Draw the lesson's falling loss beside the program that the network printed."""
    result = lesson.train()
    program = lesson.program().rstrip("\n").splitlines()
    figure = Figure(figsize=(11, 0.155 * len(program) + 0.9), facecolor=PAPER)
    FigureCanvasSVG(figure)
    left = figure.add_axes((0.06, 0.13, 0.36, 0.74))
    steps = range(1, len(result.losses) + 1)
    left.plot(steps, result.losses, color=FALLING, linewidth=2)
    left.set_ylim(bottom=0)
    left.set_xlim(0, len(result.losses))
    left.set_xlabel("steps", color=INK)
    left.set_title("the loss falls ...", loc="left", color=INK, fontsize=11)
    left.spines[["top", "right"]].set_visible(False)
    left.tick_params(colors=QUIET)
    right = figure.add_axes((0.46, 0.02, 0.53, 0.85))
    right.set_axis_off()
    right.set_title("... and this is the program", loc="left", color=INK, fontsize=11)
    for number, line in enumerate(program):
        comment = line.lstrip().startswith("#")
        right.text(
            0,
            1 - (number + 0.5) / len(program),
            line,
            family="monospace",
            fontsize=7.6,
            color=QUIET if comment else INK,
            va="center",
            transform=right.transAxes,
        )
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Draw all pictures."""
    given = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "pictures"
    given.mkdir(parents=True, exist_ok=True)
    rcParams["svg.hashsalt"] = "syn0"  # the same drawing gives the same file
    draw_lesson(given / "lesson.svg")
    print(f"drawn: {given / 'lesson.svg'}")


if __name__ == "__main__":
    main()
