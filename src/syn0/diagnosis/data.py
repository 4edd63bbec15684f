"""Rules about the data: their scale, and columns that say nothing, or everything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.diagnosis.evidence import Answer, Evidence, exceeds, root, verdict
from syn0.diagnosis.kinds import KINDS
from syn0.diagnosis.verdict import Verdict, short

Array = NDArray[Any]
ENOUGH = 30  # samples, below which equal columns may be chance
NAMED = 3  # columns that a message names


def input_scale(found: Evidence) -> Iterator[Verdict]:
    """Find data that reach the first weights far larger or smaller than 1."""
    for layer, sizes in found.entering.items():
        sizes = np.atleast_1d(sizes)
        largest = int(np.argmax(sizes))
        size = float(sizes[largest])
        where = f"feature {largest}" if sizes.size > 1 else "its input"
        if exceeds("unscaled_input", size):
            yield verdict(
                "unscaled_input", layer, size,
                f"`{layer}` reads unscaled input: the values of {where} are about {short(size)} "
                "in size, those of others "
                f"{short(float(np.median(sizes)))}" if sizes.size > 1 else
                f"`{layer}` reads unscaled input: its values are about {short(size)} in size",
                "syn0.Normalization() as the first layer",
            )  # fmt: skip
        elif 0 < size and exceeds("tiny_input", size):
            yield verdict(
                "tiny_input", layer, size,
                f"`{layer}` reads tiny input: its values are at most about {short(size)} in size",
                "syn0.Normalization() as the first layer",
            )  # fmt: skip


def target_scale(found: Evidence) -> Iterator[Verdict]:
    """Find targets that are far larger than the sums with which a network begins."""
    for answer in found.answers:
        if answer.y_true is None or not answer.scaled:
            continue
        size = float(root(np.mean(np.square(answer.y_true, dtype="float64"))))
        if exceeds("unscaled_target", size):
            yield verdict(
                "unscaled_target", answer.layer, size,
                f"the targets of `{answer.layer}` are unscaled: about {short(size)} in size, "
                "where a network begins with outputs of about 1",
                "fit(X, (y - y.mean()) / y.std())",
            )  # fmt: skip


# ----- columns ------------------------------------------------------------


def columns(found: Evidence) -> Iterator[Verdict]:
    """Find columns that are constant, that repeat another, or that alone tell the target."""
    if found.samples < ENOUGH:
        return
    for name, table in found.columns.items():
        spread, standard = _standardized(table)
        yield from _constant(found, name, table, spread)
        yield from _duplicate(name, spread, standard)
        if np.count_nonzero(spread) > 1:
            for answer in found.answers:
                yield from _leak(name, spread, standard, answer)


def _standardized(table: Array) -> tuple[Array, Array]:
    """Return the spread of each column, 0 if it never changes, and columns of length 1."""
    values = table.astype("float64")
    constant = (table == table[:1]).all(axis=0)
    values -= values.mean(axis=0)
    spread = np.where(constant, 0.0, np.sqrt((values**2).sum(axis=0)))
    return spread, values / np.where(spread > 0, spread, np.inf)


def _constant(found: Evidence, name: str, table: Array, spread: Array) -> Iterator[Verdict]:
    # A column of zeros, such as the corner of an image, costs nothing: its weights never act.
    places = np.flatnonzero((spread == 0) & (table[0] != 0))
    if places.size and exceeds("constant_column", places.size):
        first = int(places[0])
        more = f", as {places.size - 1} more never change" if places.size > 1 else ""
        yield verdict(
            "constant_column", name, places.size,
            f"column {first} of `{name}` is {short(float(table[0, first]))} for "
            f"{found.all_samples}{more}: it tells nothing that a bias does not",
            _without(name, places),
        )  # fmt: skip


def _duplicate(name: str, spread: Array, standard: Array) -> Iterator[Verdict]:
    pairs = list(_repeating(spread, standard))
    if not pairs:
        return
    listed = ", ".join(f"{later} repeats {first}" for first, later, _ in pairs[:NAMED])
    more = f" and {len(pairs) - NAMED} more" if len(pairs) > NAMED else ""
    yield verdict(
        "duplicate_column", name, max(match for _, _, match in pairs),
        f"columns of `{name}` say the same: column {listed}{more}",
        _without(name, np.asarray([later for _, later, _ in pairs])),
    )  # fmt: skip


def _repeating(spread: Array, standard: Array) -> Iterator[tuple[int, int, float]]:
    """Yield columns that follow another one, with their correlation.

    Columns that are alike lie side by side when sorted by their product with any one vector,
    so that there are as many pairs to look at as columns.
    """
    rows = standard.shape[0]
    shadow = np.abs(np.random.default_rng(0).standard_normal(rows) @ standard)
    order = [int(i) for i in np.argsort(shadow) if spread[i] > 0]
    for one, other in zip(order, order[1:], strict=False):
        match = abs(float(standard[:, one] @ standard[:, other]))
        if exceeds("duplicate_column", match):
            yield min(one, other), max(one, other), match


def _leak(name: str, spread: Array, standard: Array, answer: Answer) -> Iterator[Verdict]:
    if answer.y_true is None or (answer.kind != "classes" and answer.y_true[0].size != 1):
        return  # of several numbers each may well be a column: what else should be restored?
    told = _told(standard, answer)
    best = int(np.argmax(told))
    if spread[best] and exceeds("label_leak", told[best]):
        yield verdict(
            "label_leak", name, told[best],
            f"column {best} of `{name}` alone tells the target of `{answer.name}`: "
            f"their correlation is {told[best]:.4f}",
            _without(name, np.asarray([best])),
        )  # fmt: skip


def _told(standard: Array, answer: Answer) -> Array:
    """Return how well each column alone tells the target: a correlation, or its ratio."""
    y = np.asarray(answer.y_true)
    if answer.kind == "classes":
        between = np.zeros(standard.shape[1])
        for label in np.unique(y):
            rows = standard[y == label]
            between += len(rows) * rows.mean(axis=0) ** 2
        return np.sqrt(between)
    centred = y.ravel().astype("float64")
    centred = centred - centred.mean()
    length = np.sqrt(centred @ centred)
    return np.abs(centred @ standard) / (length or np.inf)


def _without(name: str, places: Array) -> str:
    chosen = sorted({int(p) for p in places})
    text = str(chosen[0]) if len(chosen) == 1 else str(chosen)
    return f"{name} = np.delete({name}, {text}, axis=1)"
