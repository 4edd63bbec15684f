"""Whether the probabilities of a network can be believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.errors import ArgumentError
from syn0.plots.canvas import Plot, draw, fitted, quiet
from syn0.plots.outputs import (
    Classifier,
    check_probabilities,
    class_numbers,
    class_values,
    known_labels,
    label_texts,
)
from syn0.plots.palette import BLUE, GREY

Array = NDArray[Any]

_COUNTED = 12  # parts up to which each has its number of samples written below


def calibration(
    net: Classifier, X: Any, y: Any, labels: Sequence[Any] | None = None, *, bins: int = 10,
    ax: Any = None,
) -> Plot:  # fmt: skip
    """Draw whether probabilities can be believed: of what is called 80 %, 80 % should come true.

    Parameters
    ----------
    net : Model
        A network that puts out probabilities, or scores that its loss takes.
    X, y : array
        Samples that it was not trained on, and their true classes: numbers, one-hot rows, or
        the words of `labels`.
    labels : sequence, optional
        What the classes are called; by default what the table called them, or numbers.
    bins : int
        Into how many parts of equal width the probabilities are sorted.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Plot
        Its values are ``expected_calibration_error``, and for each part with samples
        ``probability``, the mean of what was said, ``frequency``, what came true, and
        ``count``.

    Notes
    -----
    Of two classes it is the probability of the second, of more that of the class that the
    network chose (Guo et al., 2017, arXiv:1706.04599). The expected calibration error is
    the mean distance of the dots from the diagonal, weighted by their samples. Bars are
    95 % intervals (Wilson, 1927); the numbers at the foot count samples.

    Examples
    --------
    >>> import numpy as np, syn0
    >>> X = np.array([[0.0], [0.0], [0.0], [0.0]])
    >>> net = syn0.Sequential(syn0.Dense(1, "sigmoid"), random_state=0).build((1,))
    >>> plot = syn0.plots.calibration(net, X, [0, 1, 1, 1])  # it says 0.5
    >>> plot.values["expected_calibration_error"]
    0.25
    """
    if not isinstance(bins, (int, np.integer)) or bins < 1:
        raise ArgumentError(f"bins is {bins!r}.", where="calibration", expected="1 or more")
    values = class_values(net, X, "calibration")
    check_probabilities(values, "calibration")
    labels = known_labels(net, labels)
    texts = label_texts(labels, values.shape[1])
    truth = class_numbers(y, values.shape[1], len(values), labels)
    if values.shape[1] == 2:
        said, came = values[:, 1], truth == 1
        whose = f"class {texts[1]}" if labels is None else fitted(texts[1], 30)
    else:
        said, came = values.max(axis=1), truth == values.argmax(axis=1)
        whose = "the predicted class"
    found = _by_part(said, came, bins)

    def draws(axes: Any) -> Mapping[str, Any]:
        _dots(axes, found)
        if bins <= _COUNTED:
            for at, count in zip(np.unique(_parts(said, bins)), found["count"], strict=True):
                axes.text((at + 0.5) / bins, -0.085, f"{count:,}", ha="center", fontsize="x-small")
        axes.set_xlabel(f"predicted probability of {whose}\n(above: samples in each part)")
        axes.set_title(
            f"expected calibration error {found['expected_calibration_error']:.3f}, "
            f"{len(said):,} samples", loc="left", fontsize="medium",
        )  # fmt: skip
        return found

    return draw(ax, (5.4, 4.6), draws)


def _parts(said: Array, bins: int) -> Array:
    """Return the number of the part in which each probability lies."""
    return np.asarray(np.minimum((said * bins).astype(int), bins - 1))


def _by_part(said: Array, came: Array, bins: int) -> dict[str, Any]:
    """Return for each part with samples what was said and what came true, and how far apart."""
    part = _parts(said, bins)
    counts = np.bincount(part, minlength=bins)
    full = counts > 0
    known = counts[full]
    probability = np.bincount(part, said, bins)[full] / known
    frequency = np.bincount(part, came.astype(float), bins)[full] / known
    return {
        "expected_calibration_error": float(
            np.sum(np.abs(probability - frequency) * known) / known.sum()
        ),
        "probability": probability,
        "frequency": frequency,
        "count": known,
    }


def _dots(axes: Any, found: Mapping[str, Any]) -> None:
    """Draw what came true over what was said, beside the diagonal."""
    probability, frequency = found["probability"], found["frequency"]
    low, high = _wilson(frequency, found["count"])
    axes.plot([0, 1], [0, 1], "--", color=GREY, label="perfect")
    axes.errorbar(
        probability, frequency, [frequency - low, high - frequency], fmt="o-", color=BLUE,
        capsize=3, linewidth=1.4, label="the network",
    )  # fmt: skip
    axes.set_xlim(0, 1)
    axes.set_ylim(-0.12, 1.04)
    axes.set_yticks(np.linspace(0, 1, 6))
    axes.set_ylabel("share that came true")
    axes.legend(fontsize="small", loc="upper left")
    quiet(axes, "both")


def _wilson(share: Array, count: Array) -> tuple[Array, Array]:
    """Return the ends of the 95 % interval of a share, which holds the share itself."""
    z = 1.96
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    reach = z / (1 + z**2 / count) * np.sqrt(share * (1 - share) / count + (z / (2 * count)) ** 2)
    return np.minimum(middle - reach, share), np.maximum(middle + reach, share)
