"""Rules about the data: their scale, and columns that say nothing, or everything."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.diagnosis.evidence import Answer, Evidence, exceeds, root, verdict
from syn0.diagnosis.verdict import Verdict, short

Array = NDArray[Any]
ENOUGH = 30  # samples, below which equal columns may be chance
LEARNED = 0.2  # of the variance of the targets: where less is left, they were learned
LIVELY = 10  # samples in which a column differs from its usual value, lest two agree by chance
NAMED = 3  # columns that a message names


def input_scale(found: Evidence) -> Iterator[Verdict]:
    """Find data that reach the first weights far larger or smaller than 1."""
    for layer, sizes in found.entering.items():
        sizes = np.atleast_1d(sizes)
        largest = int(np.argmax(sizes))
        size = float(sizes[largest])
        feature = f"the largest, of feature {found.feature(layer, largest)},"
        values = feature if sizes.size > 1 else "they"
        for kind, word in (("unscaled_input", "unscaled"), ("tiny_input", "tiny")):
            if size > 0 and exceeds(kind, size):
                yield verdict(
                    kind, layer, size,
                    f"`{layer}` reads {word} values: {values} are about {short(size)} in size",
                    "syn0.Normalization() as the first layer",
                )  # fmt: skip


def target_scale(found: Evidence) -> Iterator[Verdict]:
    """Find targets that are far larger than the sums with which a network begins.

    A network that has learned them all the same needs no advice.
    """
    for answer in found.answers:
        if answer.y_true is None or not answer.scaled:
            continue
        y = answer.y_true.astype("float64")
        size = float(root(np.mean(np.square(y))))
        left = np.mean(np.square(y - answer.y_pred)) / max(float(y.var()), 1e-30)
        if exceeds("unscaled_target", size) and not left < LEARNED:
            yield verdict(
                "unscaled_target", answer.layer, size,
                f"the targets of `{answer.layer}` are unscaled: about {short(size)} in size, "
                "where a network begins with outputs of about 1",
                "fit(X, (y - y.mean()) / y.std())",
            )  # fmt: skip


def constant_target(found: Evidence) -> Iterator[Verdict]:
    """Find targets that are all the same, so that there is nothing to learn."""
    for answer in found.answers:
        if answer.y_true is None or answer.varied or found.samples < 2:
            continue
        one = np.asarray(answer.y_true[0])
        value = f"{short(float(one.ravel()[0]))}" if one.size == 1 else "the same"
        if answer.kind == "classes":
            value = f"class {one if one.ndim < answer.y_pred.ndim - 1 else one.argmax()}"
        yield verdict(
            "constant_target", answer.layer, 1,
            f"the target of `{answer.layer}` is {value} for {found.all_samples}: there is nothing "
            "to learn",
            "samples with other targets too: np.unique(y) shows which there are",
        )  # fmt: skip


# ----- columns ------------------------------------------------------------


def columns(found: Evidence) -> Iterator[Verdict]:
    """Find columns that are constant, that repeat another, or that alone tell the target."""
    if found.samples < ENOUGH:
        return
    for name, table in found.columns.items():
        called = "X" if len(found.columns) == 1 else f"X[{name!r}]"
        spread, standard = _standardized(table)
        yield from _constant(found, name, called, table, spread)
        lively = (table != np.median(table, axis=0)).sum(axis=0) >= LIVELY
        yield from _duplicate(found, name, called, lively & (spread > 0), standard)
        if np.count_nonzero(spread) > 1:
            for answer in found.answers:
                yield from _leak(found, name, called, spread, standard, answer)


def _standardized(table: Array) -> tuple[Array, Array]:
    """Return the spread of each column, 0 if it never changes, and columns of length 1."""
    values = table.astype("float64")
    constant = (table == table[:1]).all(axis=0)
    values -= values.mean(axis=0)
    spread = np.where(constant, 0.0, np.sqrt((values**2).sum(axis=0)))
    return spread, values / np.where(spread > 0, spread, np.inf)


def _constant(
    found: Evidence, name: str, called: str, table: Array, spread: Array
) -> Iterator[Verdict]:
    # A column of zeros, such as the corner of an image, costs nothing: its weights never act.
    places = np.flatnonzero((spread == 0) & (table[0] != 0))
    if places.size and exceeds("constant_column", places.size):
        first = int(places[0])
        more = f", as {places.size - 1} more never change" if places.size > 1 else ""
        yield verdict(
            "constant_column", name, places.size,
            f"column {found.feature(name, first)} of {called} is "
            f"{short(float(table[0, first]))} for "
            f"{found.all_samples}{more}: it tells nothing that a bias does not",
            _without(found, name, called, places),
        )  # fmt: skip


def _duplicate(
    found: Evidence, name: str, called: str, lively: Array, standard: Array
) -> Iterator[Verdict]:
    pairs = list(_repeating(lively, standard))
    if not pairs:
        return
    listed = ", ".join(
        f"{found.feature(name, later)} repeats {found.feature(name, first)}"
        for first, later, _ in pairs[:NAMED]
    ).replace(" (counted from 0)", "")
    counted = "" if name in found.names else " (counted from 0)"
    more = f" and {len(pairs) - NAMED} more" if len(pairs) > NAMED else ""
    yield verdict(
        "duplicate_column", name, max(match for _, _, match in pairs),
        f"columns of {called} say the same{counted}: column {listed}{more}",
        _without(found, name, called, np.asarray([later for _, later, _ in pairs])),
    )  # fmt: skip


def _repeating(lively: Array, standard: Array) -> Iterator[tuple[int, int, float]]:
    """Yield columns that follow another one, with their correlation.

    Columns that are alike lie side by side when sorted by their product with any one vector,
    so that there are as many pairs to look at as columns.
    """
    rows = standard.shape[0]
    shadow = np.abs(np.random.default_rng(0).standard_normal(rows) @ standard)
    order = [int(i) for i in np.argsort(shadow) if lively[i]]
    for one, other in pairwise(order):
        match = abs(float(standard[:, one] @ standard[:, other]))
        if exceeds("duplicate_column", match):
            yield min(one, other), max(one, other), match


def _leak(
    found: Evidence, name: str, called: str, spread: Array, standard: Array, answer: Answer
) -> Iterator[Verdict]:
    if answer.y_true is None or answer.y_pred.ndim != 2:
        return
    if answer.kind != "classes" and answer.y_pred.shape[1] > 1:
        return  # of several numbers each may well be a column: what else should be restored?
    told = _told(standard, answer)
    best = int(np.argmax(told))
    if spread[best] and exceeds("label_leak", told[best]):
        yield verdict(
            "label_leak", name, told[best],
            f"column {found.feature(name, best)} of {called} alone tells the target of "
            f"`{answer.name}`: their correlation is {told[best]:.4f}",
            _without(found, name, called, np.asarray([best])),
        )  # fmt: skip


def _told(standard: Array, answer: Answer) -> Array:
    """Return how well each column alone tells the target: a correlation, or its ratio."""
    y = np.asarray(answer.y_true)
    if answer.kind == "classes":
        y = y if y.ndim == 1 else y.argmax(axis=1)
        between = np.zeros(standard.shape[1])
        for label in np.unique(y):
            rows = standard[y == label]
            between += len(rows) * rows.mean(axis=0) ** 2
        return np.asarray(np.sqrt(between))
    centred = y.ravel().astype("float64")
    centred = centred - centred.mean()
    length = np.sqrt(centred @ centred)
    told: Array = np.abs(centred @ standard) / (length or np.inf)
    return told


def _without(found: Evidence, name: str, called: str, places: Array) -> str:
    chosen = sorted({int(p) for p in places})
    if name in found.names:
        return f"leave_out={list(dict.fromkeys(found.names[name][at][1] for at in chosen))}"
    text = str(chosen[0]) if len(chosen) == 1 else str(chosen)
    return f"{called} = np.delete({called}, {text}, axis=1)"
