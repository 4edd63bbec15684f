"""Which pixels of a picture speak for a class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from syn0.class_evidence import CHOSEN
from syn0.errors import DataError
from syn0.plots.canvas import Plot, draw, fitted
from syn0.plots.montage import shade, signed
from syn0.plots.outputs import (
    Classifier,
    class_numbers,
    class_values,
    known_labels,
    label_texts,
)

Array = NDArray[Any]
_CLASSES = 4  # whose evidence is drawn where none are named


class Explained(Classifier, Protocol):
    """What this plot asks of a network."""

    @property
    def input_names(self) -> tuple[str, ...]:
        """What the inputs are called."""
        ...

    def prepare(self, X: Any) -> dict[str, Array]:
        """Return checked inputs by name."""
        ...

    def run_rows(self, kind: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return the outputs of a program for all samples."""
        ...


def class_evidence(
    net: Explained, x: Any, *, classes: Sequence[Any] | None = None,
    labels: Sequence[Any] | None = None, ax: Any = None,
) -> Plot:  # fmt: skip
    """Draw which pixels of a picture speak for a class, and which against it.

    Parameters
    ----------
    net : Model
        A network for classes of pictures.
    x : array of shape (height, width, channels) or (height, width)
        The picture.
    classes : sequence, optional
        Numbers or labels of classes; by default the likeliest few.
    labels : sequence, optional
        What the classes are called.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Plot
        Its values are ``probabilities``, a number for each class drawn, and ``evidence``, for
        each a number for each pixel.

    Notes
    -----
    A pixel's evidence is what it adds to the score of the class, the number before the
    softmax, as far as that is linear: gradient times input, summed over channels (Shrikumar et
    al., 2017). A pixel that is 0 says nothing by this measure, however the scores would change
    with it. Violet speaks for the class, orange against it; all panels share one scale.

    Examples
    --------
    >>> import numpy as np, syn0
    >>> net = syn0.Sequential(syn0.Flatten(), syn0.Dense(2, "softmax", name="out"), random_state=0)
    >>> plot = syn0.plots.class_evidence(net.build((2, 2, 1)), np.eye(2), classes=[0])
    >>> weights = net.parameters["W_out"][:, 0].reshape(2, 2)
    >>> bool(np.allclose(plot.values["evidence"][0], np.eye(2) * weights))
    True
    """
    picture = np.asarray(x)
    probabilities = class_values(net, picture[None], "class_evidence")[0]
    labels = known_labels(net, labels)
    texts = label_texts(labels, len(probabilities))
    if classes is None:
        chosen = np.argsort(-probabilities, kind="stable")[:_CLASSES]
    else:
        chosen = class_numbers(np.asarray(classes), len(probabilities), len(classes), labels)
    if net.predict(picture[None]).shape[1] != len(probabilities):
        raise DataError(
            "the network has one output for two classes.", where="class_evidence",
            expected="an output for each class: Dense(2, activation='softmax')",
        )  # fmt: skip
    evidence = _evidence(net, picture, chosen, len(probabilities))
    reach = float(np.abs(evidence).max()) or 1.0

    def draws(first: Any, *panels: Any) -> Mapping[str, Any]:
        first.imshow(shade(picture), cmap="gray")
        first.set_title("the picture", loc="left", fontsize="small")
        for number, values, axes in zip(chosen, evidence, panels, strict=True):
            axes.imshow(values, **signed(reach))
            text = f"for {fitted(texts[number], 16)}\n{100 * probabilities[number]:.1f} %"
            axes.set_title(text, loc="left", fontsize="small")
        for axes in (first, *panels):
            axes.set_axis_off()
        return {"probabilities": probabilities[chosen], "evidence": evidence}

    columns = len(chosen) + 1
    return draw(ax, (2.0 * columns, 2.5), draws, columns=columns)


def _evidence(net: Explained, picture: Array, chosen: Array, classes: int) -> Array:
    """Return gradient times input for each chosen class, (classes, height, width)."""
    inputs = net.prepare(np.repeat(picture[None], len(chosen), axis=0))
    (name,) = net.input_names
    rows = np.eye(classes, dtype=net.predict(picture[None]).dtype)[chosen]
    slopes = net.run_rows("class_evidence", {**inputs, CHOSEN: rows})[name]
    found: Array = (slopes * inputs[name]).reshape(len(chosen), *picture.shape[:2], -1)
    total: Array = found.sum(axis=3)
    return total
