"""Colours that people who see few colours tell apart, on light paper and on dark."""

from __future__ import annotations

BLUE, ORANGE, GREY = "#2a83c6", "#d9660a", "#808891"
INK, PAPER = "#1f2430", "#ffffff"

TRAIN, VALIDATION = BLUE, ORANGE

# The eight of Okabe and Ito (2008) without black and yellow, which paper of some colour hides.
CLASSES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")
# Seven marks and six colours come together again after 42 classes only.
MARKS = ("o", "s", "^", "D", "v", "P", "X")


def class_colour(number: int) -> str:
    """Return the colour of a class."""
    return CLASSES[number % len(CLASSES)]


def class_mark(number: int) -> str:
    """Return the mark of a class, in Matplotlib's letters."""
    return MARKS[number % len(MARKS)]
