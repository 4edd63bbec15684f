"""What a network takes for what: the regions of classes, and confusions between them."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.arrays import check_finite, to_array
from syn0.errors import ArgumentError, DataError
from syn0.plots.canvas import Plot, draw, fitted
from syn0.plots.outputs import (
    Classifier,
    class_numbers,
    class_values,
    known_labels,
    label_texts,
)
from syn0.plots.palette import class_colour, class_mark

Array = NDArray[Any]

_FINE = 200  # points of the plane along each side
_MOST_POINTS = 2000  # samples drawn on top of it
_NUMBERED = 25  # classes up to which the cells of a confusion matrix hold numbers
_NAMED = 3  # confusions told in words


# ----- decision boundary ----------------------------------------------------


def decision_boundary(
    net: Classifier, X: Any, y: Any = None, *, features: tuple[int, int] | None = None,
    fixed: Any = None, labels: Sequence[Any] | None = None, ax: Any = None,
) -> Plot:  # fmt: skip
    """Draw which class a network sees at each point of a plane, and how surely.

    Parameters
    ----------
    net : Model
        A network for classes.
    X : array of shape (samples, features)
        Data; they span the plane.
    y : array, optional
        The true classes of the samples; without them the samples are not drawn.
    features : (int, int), optional
        The two features along the axes; not needed where there are two.
    fixed : array of shape (features,), optional
        What the other features are held at; their medians by default. The samples are
        drawn where they lie in the plane, whatever their other features are.
    labels : sequence, optional
        What the classes are called; by default what the table called them, or numbers.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Plot
        Its values are ``first`` and ``second``, the numbers along the axes, and
        ``classes``, the class at each point, a row for each number of ``second``.

    Notes
    -----
    The colour is that of the most probable class, paler where the network is less sure.
    Each class has a mark of its own beside its colour, and its name stands in its region.

    Examples
    --------
    >>> import numpy as np, syn0
    >>> X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> net = syn0.Sequential(syn0.Dense(2, "softmax"), random_state=0).build((2,))
    >>> plot = syn0.plots.decision_boundary(net, X, [0, 1, 1, 0])
    >>> plot.values["classes"].shape
    (200, 200)
    """
    table, names = _as_table(X, getattr(net, "preparation", None))
    across, up = _two_features(features, table.shape[1])
    first, second = (np.linspace(*_span(table[:, feature]), _FINE) for feature in (across, up))
    held = np.median(table, axis=0) if fixed is None else np.asarray(fixed, dtype=float)
    if held.shape != table.shape[1:]:
        raise ArgumentError(
            f"fixed has the shape {held.shape}.", where="decision_boundary",
            expected=f"a value for each of {table.shape[1]} features",
        )  # fmt: skip
    plane = np.tile(held, (_FINE * _FINE, 1))
    plane[:, across], plane[:, up] = np.tile(first, _FINE), np.repeat(second, _FINE)
    values = class_values(net, plane, "decision_boundary")
    count = values.shape[1]
    labels = known_labels(net, labels)
    texts = label_texts(labels, count)
    truth = None if y is None else class_numbers(y, count, len(table), labels)

    def draws(axes: Any) -> Mapping[str, Any]:
        winners = _regions(axes, first, second, values, texts)
        if truth is not None:
            _samples(axes, table[:, [across, up]], truth, texts)
        axes.set_xlabel(_axis_name(names, across))
        axes.set_ylabel(_axis_name(names, up))
        axes.set_title(_held_fixed(table.shape[1] - 2), loc="left", fontsize="medium")
        return {"first": first, "second": second, "classes": winners}

    return draw(ax, (6.4, 4.6), draws)


def _held_fixed(others: int) -> str:
    rest = f"\n{others} other feature{'s' if others > 1 else ''} held fixed" if others else ""
    return f"class by region, paler where less sure{rest}"


def _regions(axes: Any, first: Array, second: Array, values: Array, texts: Sequence[str]) -> Array:
    """Draw the regions of the classes with their borders and names; return who wins where."""
    winners: Array = values.argmax(axis=1).reshape(_FINE, _FINE)
    axes.imshow(
        _shaded(values), origin="lower", extent=(first[0], first[-1], second[0], second[-1]),
        aspect="auto", interpolation="bilinear",
    )  # fmt: skip
    _borders(axes, first, second, values)
    _name_regions(axes, first, second, winners, texts)
    return winners


def _axis_name(names: Sequence[str] | None, feature: int) -> str:
    return fitted(names[feature], 40) if names is not None else f"feature {feature}"


def _as_table(X: Any, preparation: Any) -> tuple[Array, list[str] | None]:
    """Return the features with their names: a frame's columns, or what a table gave."""
    columns = getattr(X, "columns", getattr(preparation, "feature_names", None))
    table = to_array(X, "X").astype(float)
    if table.ndim != 2 or not len(table):
        raise DataError(
            f"X has the shape {table.shape}.", where="decision_boundary",
            expected="samples in rows, features in columns",
        )  # fmt: skip
    check_finite(table, "X")
    return table, None if columns is None else [str(name) for name in columns]


def _two_features(features: tuple[int, int] | None, count: int) -> tuple[int, int]:
    if features is None and count == 2:
        return 0, 1
    if count < 2:
        raise DataError("X has one feature.", where="decision_boundary", expected="two or more")
    if features is None:
        raise ArgumentError(
            f"X has {count} features, and a plane has two.", where="decision_boundary",
            mend="choose two, such as features=(0, 1); the others are held at their medians",
        )  # fmt: skip
    chosen = tuple(features)
    whole = all(isinstance(f, (int, np.integer)) and 0 <= f < count for f in chosen)
    if len(chosen) != 2 or not whole or chosen[0] == chosen[1]:
        raise ArgumentError(
            f"features is {features!r}.", where="decision_boundary",
            expected=f"two different numbers from 0 to {count - 1}",
        )  # fmt: skip
    return int(chosen[0]), int(chosen[1])


def _span(values: Array) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    room = 0.08 * (high - low) or 1.0
    return low - room, high + room


def _shaded(values: Array) -> Array:
    """Return the colour of each point: the class's own, mixed with white where it is unsure."""
    count = values.shape[1]
    colours = np.array([_rgb(class_colour(c)) for c in range(count)])
    least = 1 / count
    sure = np.clip((values.max(axis=1) - least) / (1 - least), 0, 1)[:, None]
    strength = 0.12 + 0.6 * sure
    mixed: Array = 1 - strength * (1 - colours[values.argmax(axis=1)])
    return mixed.reshape(_FINE, _FINE, 3)


def _rgb(colour: str) -> list[float]:
    return [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def _borders(axes: Any, first: Array, second: Array, values: Array) -> None:
    for number in range(values.shape[1]):
        others = np.delete(values, number, axis=1).max(axis=1)
        lead = (values[:, number] - others).reshape(_FINE, _FINE)
        if lead.min() < 0 < lead.max():
            axes.contour(first, second, lead, levels=[0.0], colors="black", linewidths=0.9)


def _name_regions(
    axes: Any, first: Array, second: Array, winners: Array, texts: Sequence[str]
) -> None:
    for number, text in enumerate(texts):
        if np.mean(winners == number) < 0.01:
            continue
        row, column = _inmost(winners == number)
        axes.annotate(
            fitted(text, 16), (first[column], second[row]), ha="center", va="center",
            color="black", zorder=4,
            bbox={"boxstyle": "round,pad=0.25", "facecolor": "white", "edgecolor": "none",
                  "alpha": 0.75},
        )  # fmt: skip


def _inmost(region: Array) -> tuple[int, int]:
    """Return the point of a region that is farthest from its border, by peeling it."""
    rest = np.pad(region, 1)
    peeled = rest
    while peeled.any():
        rest, inner = peeled, peeled[1:-1, 1:-1]
        around = peeled[:-2, 1:-1] & peeled[2:, 1:-1] & peeled[1:-1, :-2] & peeled[1:-1, 2:]
        peeled = np.pad(inner & around, 1)
    rows, columns = np.nonzero(rest)
    return int(rows[0]) - 1, int(columns[0]) - 1


def _samples(axes: Any, points: Array, truth: Array, texts: Sequence[str]) -> None:
    stride = -(-len(points) // _MOST_POINTS)
    points, truth = points[::stride], truth[::stride]
    for number, text in enumerate(texts):
        own = points[truth == number]
        if len(own):
            axes.scatter(
                own[:, 0], own[:, 1], s=26 if len(points) < 500 else 14, color=class_colour(number),
                marker=class_mark(number), edgecolor="white", linewidth=0.6, label=fitted(text, 20),
            )  # fmt: skip
    axes.legend(
        title="true class", fontsize="small", title_fontsize="small", loc="upper left",
        bbox_to_anchor=(1.01, 1.0), borderaxespad=0.0, ncols=1 if len(texts) <= 16 else 2,
    )  # fmt: skip


# ----- confusion ------------------------------------------------------------


def confusion(
    net: Classifier, X: Any, y: Any, labels: Sequence[Any] | None = None, *, ax: Any = None
) -> Plot:
    """Draw how often each class is taken for each other.

    Parameters
    ----------
    net : Model
        A network for classes.
    X, y : array
        Samples and their true classes: numbers, one-hot rows, or the words of `labels`.
    labels : sequence, optional
        What the classes are called; by default what the table called them, or numbers.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Plot
        Its values are ``counts``, a row for each true class and a column for each
        predicted one, ``shares``, the same as shares of the rows, and ``confused``, the
        pairs ``(true, predicted, count)`` from the most frequent on.

    Notes
    -----
    The shade is the share of the true class, so that rare classes are seen as well. Cells
    hold counts, and up to 12 classes the shares too.

    Examples
    --------
    >>> import numpy as np, syn0
    >>> X = np.array([[-1.0], [1.0], [2.0]])
    >>> net = syn0.Sequential(syn0.Dense(1, "sigmoid", name="out"), random_state=0).build((1,))
    >>> _ = net.set_parameters({"W_out": [[1.0]]})
    >>> plot = syn0.plots.confusion(net, X, [0, 1, 0])
    >>> plot.values["counts"], plot.values["confused"]
    (array([[1, 1], [0, 1]]), [('0', '1', 1)])
    """
    values = class_values(net, X, "confusion")
    count = values.shape[1]
    labels = known_labels(net, labels)
    texts = label_texts(labels, count)
    truth = class_numbers(y, count, len(values), labels)
    told = confusion_of(values, truth, texts)

    def draws(axes: Any) -> Mapping[str, Any]:
        draw_confusion(axes, told, texts, side)
        return told

    side = min(max(3.4, 0.62 * count + 1.6), 12.0)
    return draw(ax, (side + 1.2, side + 0.4), draws)


def confusion_of(values: Array, truth: Array, texts: Sequence[str]) -> dict[str, Any]:
    """Return counts, shares and confused pairs, as `confusion` tells them."""
    count = values.shape[1]
    counts = np.zeros((count, count), dtype=np.int64)
    np.add.at(counts, (truth, values.argmax(axis=1)), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    wrong = counts * (1 - np.eye(count, dtype=np.int64))
    order = np.argsort(-wrong, axis=None, kind="stable")[: np.count_nonzero(wrong)]
    pairs = (divmod(int(at), count) for at in order)
    confused = [(texts[i], texts[j], int(counts[i, j])) for i, j in pairs]
    return {"counts": counts, "shares": shares, "confused": confused}


def draw_confusion(axes: Any, told: Mapping[str, Any], texts: Sequence[str], side: float) -> None:
    """Draw what `confusion_of` told on axes so many inches wide."""
    counts = told["counts"]
    _matrix(axes, counts, told["shares"], texts)
    right = np.trace(counts) / max(counts.sum(), 1)
    axes.set_title(
        f"{100 * right:.1f} % of {counts.sum():,} samples right\n"
        + textwrap.fill(_worst(told["confused"]), int(13 * side)),
        loc="left", fontsize="small",
    )  # fmt: skip


def _worst(confused: Sequence[tuple[str, str, int]]) -> str:
    if not confused:
        return "no class is taken for another"
    told = [
        f"{fitted(a, 14)} as {fitted(b, 14)} ({n} time{'' if n == 1 else 's'})"
        for a, b, n in confused[:_NAMED]
    ]
    return "most often " + ", ".join(told)


def _matrix(axes: Any, counts: Array, shares: Array, texts: Sequence[str]) -> None:
    count = len(texts)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    bar = axes.figure.colorbar(image, ax=axes, fraction=0.045, pad=0.03)
    bar.set_label("share of the true class", fontsize="small")
    bar.ax.tick_params(labelsize="small")
    if count <= _NUMBERED:
        size = 9 if count <= 12 else 7
        for i in range(count):
            for j in range(count):
                text = f"{counts[i, j]:,}"
                if count <= 12 and counts[i, j]:
                    text += f"\n{100 * shares[i, j]:.0f} %"
                colour = "white" if shares[i, j] > 0.55 else "black"
                axes.text(j, i, text, ha="center", va="center", color=colour, fontsize=size)
    stride = -(-count // _NUMBERED)
    marks = range(0, count, stride)
    names = [fitted(texts[i], 16) for i in marks]
    turned = max(map(len, names)) > 4
    axes.set_xticks(marks, names, rotation=45 if turned else 0, ha="right" if turned else "center")
    axes.set_yticks(marks, names)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
