"""What a study is: an experiment over seeds, and claims judged by its numbers.

A claim of the lesson becomes a number per seed, its effect, positive where the run speaks
for the claim. It counts as *shown* where the 95 % interval of the mean effect (Student's t)
lies above 0, as *refuted* where it lies below, else as *not shown*.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from syn0.lab.page import Page

# Student's t: the 97.5 % quantile by degrees of freedom; from 30 on nearly the normal's.
_T = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
    2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip


def interval(effects: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % interval of the mean of `effects`; of one value, everything.

    Examples
    --------
    >>> interval([1.0, 2.0, 3.0])
    (-0.484..., 4.484...)
    """
    values = np.asarray(effects, dtype=float)
    count = len(values)
    if count < 2 or not np.isfinite(values).all():
        return -math.inf, math.inf
    t = _T[min(count - 1, len(_T)) - 1]
    half = t * float(values.std(ddof=1)) / math.sqrt(count)
    return float(values.mean()) - half, float(values.mean()) + half


@dataclass(frozen=True)
class Claim:
    """One statement of the lesson, and what each seed says to it.

    Parameters
    ----------
    text : str
        The claim, in a sentence.
    measure : str
        What an effect is, and when it is positive.
    effects : sequence of float
        One number per seed.

    Examples
    --------
    >>> Claim("More is better.", "score of more - score of less", (0.1, 0.12, 0.09)).verdict
    'shown'
    """

    text: str
    measure: str
    effects: Sequence[float]

    @property
    def verdict(self) -> str:
        """``"shown"``, ``"refuted"`` or ``"not shown"``."""
        low, high = interval(self.effects)
        return "shown" if low > 0 else "refuted" if high < 0 else "not shown"

    @property
    def evidence(self) -> str:
        """The measure with its numbers."""
        low, high = interval(self.effects)
        favour = sum(effect > 0 for effect in self.effects)
        return (
            f"{self.measure}: {np.mean(self.effects):.3g} (95 % interval {low:.3g} to {high:.3g}; "
            f"above 0 with {favour} of {len(self.effects)} seeds)"
        )


@dataclass(frozen=True)
class Chart:
    """A table of numbers with their spread.

    Parameters
    ----------
    title, note : str
        What is shown, and how it was measured.
    columns : sequence of str
        Names of the columns.
    rows : sequence of sequence
        Cells.
    """

    title: str
    note: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]


@dataclass(frozen=True)
class Curve:
    """A line to plot: one list of numbers per seed.

    Parameters
    ----------
    panel : str
        The picture's panel that it belongs to.
    label : str
        Its name in the legend.
    x : sequence of float
        Where.
    runs : sequence of sequence of float
        One line per seed.
    """

    panel: str
    label: str
    x: Sequence[float]
    runs: Sequence[Sequence[float]]


@dataclass(frozen=True)
class Study:
    """An experiment: the question, tables with their spread, and the claims judged."""

    name: str
    question: str
    seeds: int
    charts: Sequence[Chart]
    claims: Sequence[Claim]
    curves: Sequence[Curve] = field(default=())
    log_x: bool = False

    def show(self, page: Page) -> None:
        """Print the study."""
        page.title(f"Study: {self.name}")
        page.say(self.question)
        page.say(f"{self.seeds} seeds; a number after ± is the standard deviation over them.")
        for chart in self.charts:
            page.heading(chart.title)
            page.say(chart.note)
            page.table(chart.columns, chart.rows)
        page.heading("The lesson's claims")
        for claim in self.claims:
            page.verdict(claim.verdict, claim.text, claim.evidence)
        page.say(
            "Shown: the 95 % interval of the mean lies above 0. Refuted: below 0. Not shown: "
            "it holds 0, so these seeds do not decide."
        )


@dataclass(frozen=True)
class Scale:
    """How large an experiment is; `quick` is for tests."""

    seeds: int
    quick: bool = False

    def pick(self, full: int, quick: int) -> int:
        """Return the number for this scale."""
        return quick if self.quick else full
